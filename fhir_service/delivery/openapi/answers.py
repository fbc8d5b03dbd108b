"""What FHIR answers, in openapi.yaml.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_service.exchange import Interaction
from fhir_service.formats import FORMATS

from .parts import Json, reference

_STATUS = {
    400: "The request is malformed, or names a parameter that is not supported",
    401: "An access token is needed, or the one that was sent is refused",
    403: "The access token does not allow this",
    404: "There is no such resource, or its type is not served here",
    405: "Nothing can be written here",
    406: "No format or release that is offered fits Accept or _format",
    409: "The resource belongs to a package, or another request wrote it at the same time",
    410: "The resource was deleted",
    412: "A condition of the request does not hold, or its criteria match several resources",
    413: "The body is too large",
    415: "The body has a media type that is not taken here",
    422: "The body is no valid resource, or a rule of the service forbids it",
    503: "The database does not answer in time; try again later",
}
_ANSWERS = {
    "search-type": "Bundle",
    "search-system": "Bundle",
    "search-compartment": "Bundle",
    "history-instance": "History",
    "history-type": "History",
    "history-system": "History",
    "batch": "Responses",
    "capabilities": "CapabilityStatement",
    "operation": "Answer",
    "export-status": "Manifest",
    "export-output": "Ndjson",
    "export-deleted": "Ndjson",
}


def responses(interactions: Sequence[Interaction]) -> Json:
    names = {success_name(one, status): None for one in interactions for status in one.successes}
    successes = {name: _success(name) for name in names}
    unchanged = {"description": "The client has the current version", "headers": _validators()}
    failures = {status_name(status): _failure(status) for status in sorted(_STATUS)}
    return {**successes, "NotModified": unchanged, **failures}


def success_name(interaction: Interaction, status: int) -> str:
    """The schema of the interaction's answer, which is also the name of its response."""
    if status == 204:
        return "Deleted"
    if status == 202:
        return "Accepted"
    if interaction.writes:
        return "Created" if status == 201 else "Written"
    return _ANSWERS.get(interaction.code, "Resource")


def _success(name: str) -> Json:
    if name == "Deleted":
        return {"description": "There is no such resource, or no more"}
    if name in ("Created", "Written"):
        told = "created" if name == "Created" else "written, or an OperationOutcome about it"
        # Without a schema: with `Prefer: return=minimal` there is no body.
        return {"description": f"The resource that was {told}", "headers": _validators()}
    if name == "Accepted":
        return {"description": "It is being done; Content-Location and X-Progress say more"}
    if name == "Manifest":
        content = {"application/json": {"schema": reference("schemas", name)}}
        return {"description": "What an export holds, and where", "content": content}
    if name == "Ndjson":
        return {"description": "One resource a line", "content": {"application/fhir+ndjson": {}}}
    content = fhir_content(name)
    if name == "Resource":
        content["*/*"] = {
            "schema": {"description": "A Binary's own content, unless a FHIR type is asked for"}
        }
    return {"description": f"A {name}", "headers": _validators(), "content": content}


def _failure(status: int) -> Json:
    return {"description": _STATUS[status], "content": fhir_content("OperationOutcome")}


def status_name(status: int) -> str:
    return f"Status{status}"


def headers() -> Json:
    return {
        "ETag": {"description": "The version, as a weak validator", "schema": {"type": "string"}},
        "Last-Modified": {"description": "When the version was made", "schema": {"type": "string"}},
    }


def _validators() -> Json:
    return {name: reference("headers", name) for name in headers()}


def fhir_content(schema: str) -> Json:
    return {media_type: {"schema": reference("schemas", schema)} for media_type in fhir_media_types()}


def fhir_media_types() -> list[str]:
    return [media_type for format in FORMATS for media_type in format.MEDIA_TYPES]
