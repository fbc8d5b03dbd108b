"""The part of openapi.yaml that describes the packages.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from typing import Any

from fhir_service.delivery.packages import PREFIX

Json = dict[str, Any]

_MANIFEST: Json = {
    "type": "object",
    "required": ["name", "dist-tags", "versions"],
    "properties": {
        "name": {"type": "string"},
        "dist-tags": {"type": "object"},
        "versions": {"type": "object"},
    },
}
_ERROR: Json = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
_FAILURES = {
    "400": "The host is not this service's address",
    "401": "An access token is needed, or the one that was sent is refused",
    "403": "The access token does not allow this",
    "404": "There is no such package, or no such version",
}


def paths() -> Json:
    """A package with its versions, and one version of it."""
    return {
        f"{PREFIX}/{{name}}": _get(
            "The versions of a package, as npm clients ask for them",
            ["name"],
            {"application/json": {"schema": _MANIFEST}},
        ),
        f"{PREFIX}/{{name}}/{{version}}": _get(
            "A FHIR package, as a gzipped tar", ["name", "version"], {"application/gzip": {}}
        ),
    }


def _get(summary: str, named: list[str], content: Json) -> Json:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in named
    ]
    error = {"application/json": {"schema": _ERROR}}
    responses: Json = {
        "200": {"description": summary, "content": content},
        "304": {"description": "The client has it already"},
    }
    responses |= {status: {"description": text, "content": error} for status, text in _FAILURES.items()}
    return {
        "get": {"summary": summary, "tags": ["packages"], "parameters": parameters, "responses": responses}
    }
