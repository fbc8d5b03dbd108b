"""capabilities: the CapabilityStatement, made from the same registries that answer, so it lists what works.

https://hl7.org/fhir/R4/http.html#capabilities and https://hl7.org/fhir/R4/capabilitystatement.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from fhir_service.exchange import Interaction, Parameter, Request, Response, Route, Services
from fhir_service.formats import FORMATS, fhir_json
from fhir_service.search.definitions import SearchParameter
from fhir_service.served_types import ABSENCE
from fhir_service.version import NAME, RELEASED, VERSION

ByType = Mapping[str, Mapping[str, SearchParameter]]

_DESCRIPTION = "Patient education topics as FHIR resources, the same content in R4, R4B and R5."


def handle(request: Request, services: Services) -> Response:
    body = fhir_json.dump(statement(request, services))
    return Response(body=body, etag=hashlib.blake2b(body, digest_size=12).hexdigest())


def statement(request: Request, services: Services) -> dict[str, Any]:
    """What this service does at the release and base that were asked."""
    release = request.release
    types = sorted(services.types[release.name])
    by_type = {name: services.search_parameters[release.name].for_type(name) for name in types}
    codes = [interaction.code for interaction in services.interactions if interaction.level != "system"]
    title = f"{NAME}, FHIR {release.label}"
    return {
        "resourceType": "CapabilityStatement",
        "text": {"status": "generated", "div": _narrative(title, types)},
        "title": title,
        "status": "active",
        "date": RELEASED,
        "kind": "instance",
        "description": f"{_DESCRIPTION} {ABSENCE}",
        "software": {"name": NAME, "version": VERSION, "releaseDate": RELEASED},
        "implementation": {"description": title, "url": request.base},
        "fhirVersion": release.fhir_version,
        "format": [name for format in FORMATS for name in (format.MEDIA_TYPES[0], format.CODE)],
        "rest": [
            {
                "mode": "server",
                "documentation": "Unknown parameters are errors unless `Prefer: handling=lenient` is sent.",
                "security": {"cors": True, "description": "Reading is open. Nothing can be written."},
                "resource": [_resource(name, codes, by_type) for name in types],
            }
        ],
    }


def _resource(type_name: str, codes: Sequence[str], by_type: ByType) -> dict[str, Any]:
    described: dict[str, Any] = {
        "type": type_name,
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned",
        "readHistory": True,  # vread answers earlier versions
        "conditionalRead": "full-support",
        "searchInclude": _includes(type_name, by_type),
        "searchRevInclude": _reverse_includes(type_name, by_type),
        "searchParam": [_search_parameter(parameter) for parameter in by_type[type_name].values()],
    }
    return {name: value for name, value in described.items() if value}  # FHIR has no empty arrays


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
        Parameter(name="mode", documentation="`full` is the only statement there is", allowed=("full",)),
    ),
)
