"""SearchParameter: onset and effect-part in every release, and R4's effect; the same names in all of them.

https://hl7.org/fhir/R4/searchparameter.html

R4B and R5 define `effect` for ClinicalUseDefinition themselves; R4's MedicinalProductUndesirableEffect has
`subject` alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..narrative import labelled, paragraph
from .artifact import finished, metadata
from .context import Context
from .datatypes import Resource
from .structure_definition import ONSET_ID, REACTION_PART_ID, WINDOW

_VALUE = "value.ofType(CodeableConcept)"


@dataclass(frozen=True)
class _Parameter:
    code: str
    title: str
    description: str
    expression: str


def build_common(context: Context) -> Iterable[Resource]:
    for parameter in _parameters(context):
        yield _search_parameter(context, parameter)


def _parameters(context: Context) -> list[_Parameter]:
    effect = (
        "MedicinalProductUndesirableEffect" if context.is_r4 else "ClinicalUseDefinition.undesirableEffect"
    )
    symptom = f"{effect}.symptomConditionEffect" + ("" if context.is_r4 else ".concept")
    onset = context.canonical("StructureDefinition", ONSET_ID)
    part = context.canonical("StructureDefinition", REACTION_PART_ID)
    parameters = [
        _Parameter(
            "onset",
            "When a side effect can start",
            "Finds possible side effects by when they can start, seen from the treatment.",
            f"{effect}.extension('{onset}').extension('{WINDOW}').{_VALUE}",
        ),
        _Parameter(
            "effect-part",
            "Symptom, or part of a reaction",
            "Finds possible side effects by the symptom itself or by a symptom that is part of the reaction: "
            "itching finds the allergic reaction.",
            f"{symptom} | {effect}.extension('{part}').{_VALUE}",
        ),
    ]
    if context.is_r4:
        text = "Finds possible side effects by symptom; R4B and R5 define this parameter themselves."
        parameters.append(_Parameter("effect", "Symptom", text, symptom))
    return parameters


def _search_parameter(context: Context, parameter: _Parameter) -> Resource:
    resource = metadata(
        context,
        "SearchParameter",
        parameter.code,
        title=parameter.title,
        description=parameter.description,
    )
    resource |= {
        "code": parameter.code,
        "base": ["MedicinalProductUndesirableEffect" if context.is_r4 else "ClinicalUseDefinition"],
        "type": "token",
        "expression": parameter.expression,
    }
    if context.is_r5:
        resource["processingMode"] = "normal"
    else:
        resource["xpathUsage"] = "normal"
    resource |= {"multipleOr": True, "multipleAnd": True}
    blocks = [
        paragraph(parameter.title),
        paragraph(parameter.description),
        labelled("Search by", f"{resource['base'][0]}?{parameter.code}=[code]"),
    ]
    return finished(context, resource, blocks)
