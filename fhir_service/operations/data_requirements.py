"""$data-requirements: what a definition needs, as a Library of the type module-definition.

https://hl7.org/fhir/R4/plandefinition-operation-data-requirements.html,
https://hl7.org/fhir/R4/library-operation-data-requirements.html and, for questionnaires and value sets,
https://hl7.org/fhir/uv/crmi/OperationDefinition-crmi-data-requirements.html
"""

from __future__ import annotations

from functools import partial
from typing import Any

from fhir_service.errors import NotFound
from fhir_service.exchange import Services
from fhir_service.operations.declaration import Input, Operation, Output
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.stored import Stored
from fhir_service.reasoning import data_requirements
from fhir_service.reasoning.data_requirements import FOLLOWED

Json = dict[str, Any]


def handle(invocation: Invocation, services: Services) -> Json:
    stored = Stored.of(invocation, services)
    definition = _definition(invocation, services, stored)
    return data_requirements(definition, partial(find, stored), invocation.release)


def find(stored: Stored, link: str) -> Json | None:
    """What a canonical or a relative reference leads to, among the types whose requirements count."""
    for type_name in FOLLOWED:
        found = stored.canonical(type_name, link)
        if found is not None:
            return found
    found = stored.reference(link)
    return found if found is not None and found["resourceType"] in FOLLOWED else None


def _definition(invocation: Invocation, services: Services, stored: Stored) -> Json:
    if invocation.level == "instance":
        return stored.instance(invocation.request)
    name = "target" if invocation.level == "system" else "url"
    named = invocation.arguments.one(name)
    if named is None:
        raise invocation.refusal(name, "it is needed, as there is no id in the path.", issue_code="required")
    version = invocation.arguments.one("version") if name == "url" else None
    canonical = f"{named}|{version}" if version and "|" not in named else named
    found = find(stored, canonical)
    if found is None or (name == "url" and found["resourceType"] != invocation.request.type_name):
        wanted = invocation.request.type_name if name == "url" else " or ".join(FOLLOWED)
        raise invocation.refusal(
            name, f"there is no {wanted} `{canonical}` here.", issue_code="not-found", error=NotFound
        )
    return found


def _operation(canonical: str, what: str, types: tuple[str, ...], levels: tuple[str, ...]) -> Operation:
    inputs = [
        Input("url", "canonical", f"The canonical URL of the {what}.", levels=("type",)),
        Input("version", "string", "The business version of `url`.", levels=("type",)),
    ]
    if "system" in levels:
        about = "The definition, by its canonical URL or a reference such as `PlanDefinition/123`."
        inputs.append(Input("target", "string", about, levels=("system",)))
    return Operation(
        code="data-requirements",
        canonical=canonical,
        title=f"Data requirements of a {what}",
        documentation=(
            f"What a {what} and all that it depends on need: data, parameters and other definitions, as one "
            "Library of the type module-definition."
        ),
        levels=levels,
        types=types,
        handle=handle,
        inputs=tuple(inputs),
        outputs=(Output("return", "Library", "The requirements.", minimum=1),),
        failures=(404, 410),
    )


_HL7 = "http://hl7.org/fhir/OperationDefinition"
_CRMI = "http://hl7.org/fhir/uv/crmi/OperationDefinition/crmi-data-requirements"

OPERATIONS = (
    _operation(f"{_HL7}/PlanDefinition-data-requirements", "plan", ("PlanDefinition",), ("type", "instance")),
    _operation(
        f"{_HL7}/ActivityDefinition-data-requirements",
        "activity",
        ("ActivityDefinition",),
        ("type", "instance"),
    ),
    _operation(f"{_HL7}/Library-data-requirements", "library", ("Library",), ("system", "type", "instance")),
    _operation(_CRMI, "questionnaire or value set", ("Questionnaire", "ValueSet"), ("type", "instance")),
)
