"""What a request brought, read by its media type.

https://hl7.org/fhir/R4/http.html#mime-type and https://hl7.org/fhir/R4/binary.html#rest
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from fhir_service.errors import Invalid, UnsupportedMediaType
from fhir_service.exchange import Content, Request
from fhir_service.fhir.media_types import is_utf8, split_media_type
from fhir_service.formats import FORMATS, Format, fhir_json
from fhir_service.releases import Release

JSON_PATCH = "application/json-patch+json"
FHIR_MEDIA_TYPES = tuple(name for format in FORMATS for name in format.MEDIA_TYPES)


def read_resource(request: Request) -> dict[str, Any]:
    """The resource of a body; what is sent to Binary under no FHIR media type becomes a Binary.

    :raises Invalid: there is no body, it cannot be read, or nobody can tell whether it is whole
    :raises UnsupportedMediaType: its Content-Type is no format of this release
    """
    content = _present(request)
    if content.resource is not None:
        return content.resource
    media_type, _ = split_media_type(content.content_type)
    if request.type_name == "Binary" and media_type and "/fhir+" not in media_type:
        return _binary(content, request.logical_id)
    return _format(content, request.release, FHIR_MEDIA_TYPES).decode(content.data, request.release)


def read_patch(request: Request) -> list[Any] | dict[str, Any]:
    """A JSON Patch as a list, a FHIRPath Patch as its Parameters.

    In a Bundle's entry a JSON Patch is the content of a Binary: https://hl7.org/fhir/R4/http.html#patch
    """
    content = _present(request)
    if content.resource is not None:
        if content.resource.get("resourceType") != "Binary":
            return content.resource
        content = _unwrapped(content.resource)
    media_type, _ = split_media_type(content.content_type)
    if media_type == JSON_PATCH:
        return _json_list(content.data)
    format = _format(content, request.release, (JSON_PATCH, *FHIR_MEDIA_TYPES))
    return format.decode(content.data, request.release)


def _present(request: Request) -> Content:
    content = request.content
    if content is None or (content.resource is None and not content.data and request.type_name != "Binary"):
        place = request.path or "[base]"
        raise Invalid(f"{request.method} {place} needs a body.", issue_code="required")
    return content


def _format(content: Content, release: Release, allowed: Sequence[str]) -> Format:
    media_type, parameters = split_media_type(content.content_type)
    fhir_version = parameters.get("fhirversion", release.media_version)
    by_type = {name: format for format in FORMATS for name in format.MEDIA_TYPES}
    fits = fhir_version in (release.media_version, release.fhir_version) and is_utf8(parameters)
    if media_type in by_type and fits:
        return by_type[media_type]
    raise UnsupportedMediaType(
        f"Content-Type `{content.content_type}` is not supported here; allowed: {', '.join(allowed)},"
        f" in UTF-8, with fhirVersion {release.media_version}.",
        expression=("http.Content-Type",),
    )


def _binary(content: Content, logical_id: str) -> dict[str, Any]:
    if content.in_chunks:
        raise Invalid(
            f"`{content.content_type}` in chunks may have been cut off; send it with a Content-Length.",
            issue_code="required",
            expression=("http.Content-Length",),
        )
    binary: dict[str, Any] = {"resourceType": "Binary"}
    if logical_id:
        binary["id"] = logical_id
    binary["contentType"] = content.content_type
    if content.security_context:
        binary["securityContext"] = {"reference": content.security_context}
    if content.data:
        binary["data"] = base64.b64encode(content.data).decode()
    return binary


def _unwrapped(binary: dict[str, Any]) -> Content:
    try:
        data = base64.b64decode(binary.get("data", ""), validate=True)
    except (ValueError, TypeError):
        raise Invalid("The Binary's data is not base64.", expression=("Binary.data",)) from None
    return Content(content_type=str(binary.get("contentType", "")), data=data)


def _json_list(data: bytes) -> list[Any]:
    # The format knows objects only, so the list is read as the member of one; on a line of its own, in order
    # that a body cannot close that object and open another unnoticed.
    wrapped = fhir_json.parse(b'{"patch":' + data + b"\n}")
    if wrapped.keys() != {"patch"} or not isinstance(wrapped["patch"], list):
        raise Invalid("A JSON Patch is a list of operations.", issue_code="structure")
    operations: list[Any] = wrapped["patch"]
    return operations
