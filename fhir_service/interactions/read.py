"""read: the current version of one resource.

https://hl7.org/fhir/R4/http.html#read
"""

from __future__ import annotations

import base64
import json

from fhir_service.errors import Gone, Invalid, NotFound
from fhir_service.exchange import Interaction, Request, Response, Route, Services
from fhir_service.fhir.media_types import is_media_type
from fhir_service.interactions.subset import PARAMETERS, take_subset
from fhir_service.store.contract import StoredVersion

_BYTES = "application/octet-stream"


def handle(request: Request, services: Services) -> Response:
    found = services.store.read(request.release.name, request.type_name, request.logical_id)
    name = f"{request.type_name}/{request.logical_id}"
    if found is None:
        raise NotFound(f"Resource `{name}` is not known.")
    return answer(request, found, name)


def answer(request: Request, found: StoredVersion, name: str) -> Response:
    """The stored bytes, or the part of them that was asked for; a Binary's own content by itself."""
    subset, _ = take_subset(request.parameters, request.type_name, request.release)
    if subset.counts:
        raise Invalid("_summary=count is for searches: it counts.", expression=("http._summary",))
    if found.body is None:
        raise Gone(f"Resource `{name}` was deleted.")
    body, media_type = subset.of(found.body, request.release), None
    if request.raw and found.type_name == "Binary":
        body, media_type = raw_content(found.body)
    return Response(
        body=body, media_type=media_type, etag=str(found.version_id), last_modified=found.last_updated
    )


def raw_content(binary: bytes) -> tuple[bytes, str]:
    """What a Binary holds, and its media type. See https://hl7.org/fhir/R4/binary.html#rest."""
    resource = json.loads(binary)
    content_type = resource["contentType"]
    # A code may be any text, a header may not.
    return base64.b64decode(resource.get("data", "")), content_type if is_media_type(content_type) else _BYTES


INTERACTION = Interaction(
    code="read",
    level="instance",
    routes=(Route("GET", "{type}/{id}"),),
    summary="The current version of a resource",
    handle=handle,
    parameters=PARAMETERS,
    failures=(410,),
)
