"""The parameters of FHIR in openapi.yaml: those of searches and interactions, and the headers.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Mapping

from fhir_service.exchange import Parameter
from fhir_service.formats import FORMATS
from fhir_service.releases import Release
from fhir_service.search.definitions import SearchParameter, SearchParameters

from .answers import fhir_media_types
from .parts import TEXT, Json

_DATE = r"^(eq|ne|gt|lt|ge|le|sa|eb|ap)?[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
_VALUES: Mapping[str, Json] = {"date": {"type": "string", "pattern": _DATE}}


def own_parameter(parameter: Parameter) -> Json:
    schema: Json = {"type": "string", "enum": list(parameter.allowed)} if parameter.allowed else dict(TEXT)
    return {"name": parameter.name, "in": "query", "description": parameter.documentation, "schema": schema}


def search_components(
    releases: Mapping[str, Release],
    types: Mapping[str, frozenset[str]],
    search_parameters: Mapping[str, SearchParameters],
) -> Json:
    """The search parameters of every type that is served; types that share a definition share the entry."""
    return {
        search_key(release, parameter): {
            "name": parameter.code,
            "in": "query",
            "description": f"{parameter.type}, {parameter.url}",
            "schema": {"type": "array", "items": _VALUES.get(parameter.type, TEXT)},
        }
        for name, release in releases.items()
        for type_name in (*sorted(types[name]), "Resource")
        for parameter in search_parameters[name].for_type(type_name).values()
    }


def search_key(release: Release, parameter: SearchParameter) -> str:
    return f"{release.name}.{parameter.url.rpartition('/')[2]}"


def common_parameters() -> Json:
    return {
        "_format": {
            "name": "_format",
            "in": "query",
            "description": "The format of the answer; overrides Accept",
            "schema": {"type": "string", "enum": [f.CODE for f in FORMATS] + fhir_media_types()},
        },
        "_pretty": {
            "name": "_pretty",
            "in": "query",
            "description": "Whether the answer is broken into lines",
            "schema": {"type": "string", "enum": ["true", "false"]},
        },
        "Prefer": {
            "name": "Prefer",
            "in": "header",
            "description": "`handling=lenient` ignores unknown parameters of a search, and says so in the "
            "answer; `return` says what a write answers",
            "schema": {
                "type": "string",
                "enum": [
                    "handling=strict",
                    "handling=lenient",
                    "respond-async",
                    "return=minimal",
                    "return=representation",
                    "return=OperationOutcome",
                ],
            },
        },
        "If-None-Match": {
            "name": "If-None-Match",
            "in": "header",
            "description": "ETags that the client has; `*` with a write: only if there is none",
            "schema": {"type": "string", "examples": ['W/"1"']},
        },
        "If-Match": {
            "name": "If-Match",
            "in": "header",
            "description": "ETags of which one must be the current version's",
            "schema": {"type": "string", "examples": ['W/"1"']},
        },
        "If-None-Exist": {
            "name": "If-None-Exist",
            "in": "header",
            "description": "A search: nothing is created when it has a match",
            "schema": {"type": "string", "examples": ["identifier=urn:system|value"]},
        },
        "If-Modified-Since": {
            "name": "If-Modified-Since",
            "in": "header",
            "description": "When the client last asked; only looked at without If-None-Match",
            "schema": {"type": "string"},
        },
    }
