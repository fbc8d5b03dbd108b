"""$lookup: what a code system says of one of its codes.

https://hl7.org/fhir/R4/codesystem-operation-lookup.html
"""

from __future__ import annotations

from typing import Any

from fhir_service.exchange import Services
from fhir_service.fhir.canonicals import split_canonical
from fhir_service.operations.declaration import ANY, Input, Operation, Output
from fhir_service.operations.invocation import Invocation, Typed
from fhir_service.operations.terminology import (
    CODE_SYSTEM,
    DATE,
    DISPLAY_LANGUAGE,
    ONLY_R5,
    TX_RESOURCE,
    USE_SUPPLEMENT,
    coding_of,
    languages,
    one_of,
    resolver_of,
    subject_of,
    supplements,
)
from fhir_service.terminology.code_system import CodeSystem
from fhir_service.terminology.designations import Designation
from fhir_service.terminology.lookup import FoundProperty, lookup
from fhir_service.terminology.problems import unknown_code_system
from fhir_service.terminology.resolver import require_code_system, with_supplements
from fhir_service.terminology.validate_code import Coding


def handle(invocation: Invocation, services: Services) -> dict[str, Any]:
    coding = _coding(invocation)
    found = lookup(
        _system(invocation, services, coding),
        coding.code,
        properties=invocation.arguments.all("property"),
        languages=languages(invocation),
    )
    properties = [_property(one) for one in found.properties]
    if found.definition and invocation.release.name != "r5":
        # R4 has no output of its own for it.
        properties.insert(0, {"code": "definition", "value": Typed("string", found.definition)})
    return invocation.parameters(
        {
            "name": found.system.name,
            "version": found.system.version,
            "display": found.display,
            "definition": found.definition,
            "designation": [_designation(one) for one in found.designations],
            "property": properties,
        }
    )


def _coding(invocation: Invocation) -> Coding:
    arguments = invocation.arguments
    if one_of(invocation, ("code", "coding")) == "coding":
        coding = coding_of(invocation, "coding")
    else:
        coding = Coding(arguments.one("code"), arguments.one("system"), arguments.one("version"))
    if not coding.system and invocation.level == "type":
        missing = "coding" if "coding" in arguments else "system"
        raise invocation.refusal(missing, "the code has no system.", issue_code="required")
    return coding


def _system(invocation: Invocation, services: Services, coding: Coding) -> CodeSystem:
    resolver = resolver_of(invocation, services)
    if invocation.level == "type":
        url, version = split_canonical(coding.system or "")
        return require_code_system(resolver, url, coding.version or version, supplements(invocation))
    system: CodeSystem = subject_of(invocation, services, resolver, CODE_SYSTEM)
    if coding.system not in (None, system.url) or coding.version not in (None, system.version):
        raise invocation.refusal("coding", f"it is not of the code system `{system.canonical}`.")
    if not system.has_content:
        raise unknown_code_system(system.canonical, status_404=True)
    return with_supplements(resolver, system, supplements(invocation))


def _designation(one: Designation) -> dict[str, Any]:
    return {
        "language": one.language,
        "use": one.use,
        "additionalUse": list(one.additional_use),
        "value": one.value,
    }


def _property(one: FoundProperty) -> dict[str, Any]:
    kind = one.value_name.removeprefix("value")
    # Coding is a type of its own; the others are primitives, written with a small letter.
    typed = Typed(kind if kind == "Coding" else kind[:1].lower() + kind[1:], one.value)
    return {"code": one.code, "value": typed, "description": one.description, "source": one.source}


_PROPERTY = (
    Output("code", "code", "Which property it is.", minimum=1),
    Output("value", ANY, "Its value."),
    Output("description", "string", "The value in words, as the display of a code."),
    Output("source", "canonical", "The supplement that it comes from.", names=ONLY_R5),
)

OPERATION = Operation(
    code="lookup",
    canonical="http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup",
    title="Look up a code",
    documentation=(
        "What a code system says of one of its codes: display, definition, designations and properties."
    ),
    levels=("type", "instance"),
    types=("CodeSystem",),
    handle=handle,
    inputs=(
        Input("code", "code", "The code; it needs `system` too."),
        Input("system", "uri", "The code system of `code`.", levels=("type",)),
        Input("version", "string", "Its version; without it, the latest.", levels=("type",)),
        Input("coding", "Coding", "The code with its system."),
        DATE,
        DISPLAY_LANGUAGE,
        Input(
            "property",
            "code",
            "A property to give, `designation`, `lang.X` or `*`; by default all but children.",
            maximum=None,
        ),
        USE_SUPPLEMENT,
        TX_RESOURCE,
    ),
    outputs=(
        Output("name", "string", "The name of the code system.", minimum=1),
        Output("version", "string", "Its version."),
        Output("display", "string", "The display of the concept.", minimum=1),
        Output("definition", "string", "What the concept means.", names=ONLY_R5),
        Output(
            "designation",
            "",
            "Another way of saying it.",
            maximum=None,
            parts=(
                Output("language", "code", "Its language."),
                Output("use", "Coding", "What it is for."),
                Output("additionalUse", "Coding", "What else it is for.", maximum=None, names=ONLY_R5),
                Output("value", "string", "The words.", minimum=1),
            ),
        ),
        Output(
            "property",
            "",
            "What else is known of the concept.",
            maximum=None,
            parts=(
                *_PROPERTY,
                Output(
                    "subproperty",
                    "",
                    "A property within the property; code systems that are resources have none.",
                    maximum=None,
                    parts=(_PROPERTY[0], Output("value", ANY, "Its value.", minimum=1), *_PROPERTY[2:]),
                ),
            ),
        ),
    ),
    failures=(410,),
)
