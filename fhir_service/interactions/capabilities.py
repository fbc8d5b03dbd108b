"""capabilities: the CapabilityStatement, made from the same registries that answer, so it lists what works.

https://hl7.org/fhir/R4/http.html#capabilities and https://hl7.org/fhir/R4/capabilitystatement.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from fhir_service.bodies import JSON_PATCH
from fhir_service.exchange import Interaction, Parameter, Request, Response, Route, Services
from fhir_service.formats import FORMATS, fhir_json
from fhir_service.interactions import terminology_capabilities
from fhir_service.operations.routing import offered, unserved_types
from fhir_service.releases import Release
from fhir_service.search.definitions import SearchParameter
from fhir_service.served_types import ABSENCE
from fhir_service.version import NAME, RELEASED, VERSION

ByType = Mapping[str, Mapping[str, SearchParameter]]

_UNSERVED = "Nothing of this type is kept. The operation works at type level, on what the request brings."
_DESCRIPTION = "Patient education topics as FHIR resources, the same content in R4, R4B and R5."


def handle(request: Request, services: Services) -> Response:
    told = terminology_capabilities.statement if _mode(request) == "terminology" else statement
    body = fhir_json.dump(told(request, services))
    return Response(body=body, etag=hashlib.blake2b(body, digest_size=12).hexdigest())


def _mode(request: Request) -> str:
    return dict(request.parameters).get("mode", "full")


def statement(request: Request, services: Services) -> dict[str, Any]:
    """What this service does at the release and base that were asked."""
    release = request.release
    types = sorted(services.types[release.name])
    interactions = [one for one in services.interactions if one.operation is None]
    by_type = {name: services.search_parameters[release.name].for_type(name) for name in types}
    described = _described(interactions, release)
    system = [{"code": one.code} for one in interactions if one.level == "system"]
    system_operations = _operations("", services, release)
    title = f"{NAME}, FHIR {release.label}"
    return {
        "resourceType": "CapabilityStatement",
        "text": {"status": "generated", "div": _narrative(title, types)},
        "title": title,
        "status": "active",
        "date": RELEASED,
        "kind": "instance",
        **({"instantiates": [_TERMINOLOGY_SERVER]} if _serves_terminology(services, release) else {}),
        "description": f"{_DESCRIPTION} {ABSENCE}",
        "software": {"name": NAME, "version": VERSION, "releaseDate": RELEASED},
        "implementation": {"description": title, "url": request.base},
        "fhirVersion": release.fhir_version,
        "format": [name for format in FORMATS for name in (format.MEDIA_TYPES[0], format.CODE)],
        **({"patchFormat": _patch_formats(services)} if _patch_formats(services) else {}),
        "rest": [
            {
                "mode": "server",
                "documentation": "Unknown parameters are errors unless `Prefer: handling=lenient` is sent.",
                "security": {"cors": True, "description": _security(services)},
                "resource": list(_resources(described, by_type, services, release)),
                "interaction": [one for one in system if one["code"] != "capabilities"],
                **_across_types(services, release),
                **({"operation": system_operations} if system_operations else {}),
            }
        ],
    }


def _across_types(services: Services, release: Release) -> dict[str, Any]:
    """The parameters of a search over all types, and the compartments that can be searched."""
    codes = {one.code for one in services.interactions}
    every_type = services.search_parameters[release.name].for_type("Resource").values()
    described = {
        "searchParam": [_search_parameter(found) for found in every_type if "search-system" in codes],
        "compartment": [
            compartment["url"]
            for name, compartment in release.compartments.items()
            if name in services.types[release.name] and "search-compartment" in codes
        ],
    }
    return {name: value for name, value in described.items() if value}


def _operations(type_name: str, services: Services, release: Release) -> list[dict[str, str]]:
    """The operations on a type, or with "" on the system, each with the definition of what is done here."""
    definitions = services.operation_definitions.get(release.name, {})
    is_served = not type_name or type_name in services.types[release.name]
    return [
        {"name": one.code, "definition": definitions.get(one.definition_id, one.canonical)}
        for one in offered(services.interactions, type_name, is_served=is_served)
    ]


_TERMINOLOGY_SERVER = "http://hl7.org/fhir/CapabilityStatement/terminology-server"


def _serves_terminology(services: Services, release: Release) -> bool:
    """Whether all operations that HL7's terminology server has are done here."""
    wanted = {
        ("CodeSystem", "lookup"),
        ("CodeSystem", "validate-code"),
        ("CodeSystem", "subsumes"),
        ("ValueSet", "expand"),
        ("ValueSet", "validate-code"),
        ("ConceptMap", "translate"),
    }
    done = {(one.type_name, one.operation.code) for one in services.interactions if one.operation}
    return wanted <= done and {type_name for type_name, _ in wanted} <= services.types[release.name]


def _security(services: Services) -> str:
    reading = {"open": "Reading is open.", "token": "Reading needs an access token."}
    writing = {
        "off": "Nothing can be written.",
        "open": "Writing is open.",
        "token": "Writing needs an access token.",
    }
    return f"{reading[services.guard.reads]} {writing[services.guard.writes]}"


def _patch_formats(services: Services) -> list[str]:
    """JSON Patch, and FHIRPath Patch in each format by its own media type."""
    taken = dict.fromkeys(
        name for one in services.interactions if one.code == "patch" for name in one.media_types
    )
    return [name for name in taken if name == JSON_PATCH or "/fhir+" in name]


def _described(interactions: Sequence[Interaction], release: Release) -> dict[str, Any]:
    """What is the same for every type: its interactions and their conditional forms."""
    of_types = [one for one in interactions if one.level in ("instance", "type")]
    codes = dict.fromkeys(one.code for one in of_types)
    by_criteria = {one.code for one in of_types if one.level == "type"}
    described: dict[str, Any] = {
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned",
        "readHistory": "vread" in codes,
        "updateCreate": "update" in codes,
        "conditionalCreate": "create" in codes,
        "conditionalRead": "full-support",
        "conditionalUpdate": "update" in by_criteria,
        "conditionalPatch": "patch" in by_criteria,
        "conditionalDelete": "single" if "delete" in by_criteria else "not-supported",
    }
    # R4 and R4B cannot say that a patch may be conditional.
    known = release.type_definition("CapabilityStatement.rest.resource").elements
    return {name: value for name, value in described.items() if name in known}


def _resources(
    described: Mapping[str, Any], by_type: ByType, services: Services, release: Release
) -> Iterator[dict[str, Any]]:
    """Every type that is served, and those of which there is only an operation."""
    for name in sorted({*by_type, *unserved_types(services.interactions)}):
        operations = _operations(name, services, release)
        if name in by_type:
            yield _resource(name, described, by_type, operations)
        else:
            yield {"type": name, "documentation": _UNSERVED, "operation": operations}


def _resource(
    type_name: str, described: Mapping[str, Any], by_type: ByType, operations: Sequence[dict[str, str]]
) -> dict[str, Any]:
    resource = {
        "type": type_name,
        **described,
        "searchInclude": _includes(type_name, by_type),
        "searchRevInclude": _reverse_includes(type_name, by_type),
        "searchParam": [_search_parameter(parameter) for parameter in by_type[type_name].values()],
        "operation": operations,
    }
    # FHIR has no empty arrays.
    return {name: value for name, value in resource.items() if value != []}


def _includes(type_name: str, by_type: ByType) -> list[str]:
    references = [found.code for found in by_type[type_name].values() if found.type == "reference"]
    return ["*", *(f"{type_name}:{code}" for code in references)] if references else []


def _reverse_includes(type_name: str, by_type: ByType) -> list[str]:
    return [
        f"{source}:{parameter.code}"
        for source, parameters in by_type.items()
        for parameter in parameters.values()
        if parameter.type == "reference" and type_name in parameter.targets
    ]


def _search_parameter(parameter: SearchParameter) -> dict[str, str]:
    described = {"name": parameter.code, "definition": parameter.url, "type": parameter.type}
    if parameter.documentation:
        described["documentation"] = parameter.documentation
    return described


def _narrative(title: str, types: Sequence[str]) -> str:
    return (
        f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{escape(title)}</p><p>{escape(_DESCRIPTION)}</p>'
        f"<p>{escape(ABSENCE)}</p><p>{', '.join(types)}</p></div>"
    )


INTERACTION = Interaction(
    code="capabilities",
    level="system",
    routes=(Route("GET", "metadata"),),
    summary="What this service does",
    handle=handle,
    parameters=(
        Parameter(
            name="mode",
            documentation="`terminology` gives a TerminologyCapabilities",
            allowed=("full", "terminology"),
        ),
    ),
)
