"""The part of openapi.yaml that describes the packages.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from fhir_service.delivery.packages import PREFIX

from .parts import Json, failures, get, in_path, json_content

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
    refused = failures(_FAILURES, json_content(_ERROR))
    return {
        f"{PREFIX}/{{name}}": get(
            "packages",
            "The versions of a package, as npm clients ask for them",
            json_content(_MANIFEST),
            refused,
            in_path("name"),
        ),
        f"{PREFIX}/{{name}}/{{version}}": get(
            "packages",
            "A FHIR package, as a gzipped tar",
            {"application/gzip": {}},
            refused,
            in_path("name", "version"),
        ),
    }
