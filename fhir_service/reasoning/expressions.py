"""Evaluates the expressions of definitions: FHIRPath, with what `$apply` was given as variables.

https://hl7.org/fhir/R4/clinicalreasoning-topics-using-expressions.html and
https://hl7.org/fhir/R5/plandefinition.html#12.23.4.3 (`%subject`, `%userLanguage` ...)

An expression starts from the subject. What is not here (a Patient, in a service that keeps none) is not the
same as what does not exist: `%subject.active.not()` must not come true for want of data, so it has no answer.
"""

from __future__ import annotations

from typing import Any

from fhir_service.errors import Unprocessable
from fhir_service.fhir.path import (
    Items,
    PathError,
    Unavailable,
    UnavailableData,
    UnsupportedExpression,
    compile_path,
)
from fhir_service.reasoning.application import (
    CONTEXT_NAMES,
    REFERENCE_NAMES,
    Application,
    Json,
    unsupported,
)

FHIRPATH = "text/fhirpath"
VARIABLES = frozenset((*REFERENCE_NAMES, *CONTEXT_NAMES))
LONGEST = 10_000
"""Characters of an expression."""

CQF_EXPRESSION = "http://hl7.org/fhir/StructureDefinition/cqf-expression"


def evaluate(expression: Json, where: str, application: Application) -> Items:
    """The items of an expression.

    :param where: the FHIRPath of the element that holds it, for messages
    :raises Unprocessable: another language, no FHIRPath, or it does not fit the data
    :raises UnavailableData: the answer depends on a resource that is not here
    """
    written = _written(expression, where)
    inputs = application.inputs
    try:
        path = compile_path(written, inputs.subject_type, application.release, VARIABLES, has_clock=True)
        items = path.evaluate_with(
            _resource("subject", application),
            _variables(application),
            _resolver(application),
            now=inputs.now,
        )
        return list(items)  # which fails if they are what is unavailable
    except UnavailableData:
        raise
    except UnsupportedExpression as failure:
        raise unsupported(f"{where} is `{_short(written)}`: {failure}", where) from None
    except (PathError, RecursionError) as failure:
        raise Unprocessable(
            f"{where}, `{_short(written)}`, cannot be evaluated: {failure}.", expression=(where,)
        ) from None


def refuse_expressions(value: Any, where: str) -> None:
    """Refuse a value that an extension says is to be computed: what stands there is not what is meant.

    :raises Unprocessable: there is such an extension; its language is named
    """
    if isinstance(value, list):
        for index, item in enumerate(value):
            refuse_expressions(item, f"{where}[{index}]")
    elif isinstance(value, dict):
        if value.get("url") == CQF_EXPRESSION:
            language = value.get("valueExpression", {}).get("language")
            raise unsupported(f"{where} is computed by an extension in `{language}`", where)
        for extension in value.get("extension", ()):
            refuse_expressions(extension, where)
        for name, child in value.items():
            if name != "extension":
                refuse_expressions(child, f"{where}.{name.lstrip('_')}")


def _written(expression: Json, where: str) -> str:
    language = expression.get("language")
    if language != FHIRPATH:
        raise unsupported(f"{where} is in `{language}` and not in {FHIRPATH}", where)
    written = expression.get("expression")
    if not isinstance(written, str):
        raise unsupported(f"{where} has no `expression` but a reference to one", where)
    if len(written) > LONGEST:
        raise unsupported(f"{where} has more than {LONGEST} characters", where)
    return written


def _variables(application: Application) -> dict[str, Items]:
    found: dict[str, Items] = {name: _resource(name, application) for name in REFERENCE_NAMES}
    for name in CONTEXT_NAMES:
        concept = application.inputs.context.get(name)
        found[name] = [] if concept is None else [("CodeableConcept", concept, None)]
    return found


def _resource(name: str, application: Application) -> Items:
    """The resource that one of the parameters refers to; nothing when the parameter was not given."""
    reference = getattr(application.inputs, name)
    if not reference:
        return []
    resource = application.inputs.read(reference)
    if resource is None:
        return Unavailable(f"`%{name}` ({reference})")
    return [(resource["resourceType"], resource, None)]


def _resolver(application: Application) -> Any:
    def resolve(reference: str) -> Json:
        resource = application.inputs.read(reference)
        if resource is None:
            raise UnavailableData(f"{reference} is not available here")
        return resource

    return resolve


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:100] + "…"
