"""vread: one version of one resource.

https://hl7.org/fhir/R4/http.html#vread
"""

from __future__ import annotations

import re

from fhir_service.errors import NotFound
from fhir_service.exchange import Interaction, Request, Response, Route, Services
from fhir_service.interactions import read
from fhir_service.interactions.subset import PARAMETERS

# Version ids given here are whole numbers, small enough for any database's integer.
_VERSION_ID = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


def handle(request: Request, services: Services) -> Response:
    name = f"{request.type_name}/{request.logical_id}/_history/{request.version_id}"
    found = None
    if _VERSION_ID.fullmatch(request.version_id):
        found = services.store.vread(
            request.release.name, request.type_name, request.logical_id, int(request.version_id)
        )
    if found is None:
        raise NotFound(f"Version `{name}` is not known.")
    return read.answer(request, found, name)


INTERACTION = Interaction(
    code="vread",
    level="instance",
    routes=(Route("GET", "{type}/{id}/_history/{version}"),),
    summary="One version of a resource",
    handle=handle,
    parameters=PARAMETERS,
    failures=(410,),
)
