"""patch: some elements of a resource changed, by JSON Patch or FHIRPath Patch; also by criteria.

https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from typing import Any

from fhir_service.bodies import FHIR_MEDIA_TYPES, JSON_PATCH, read_patch
from fhir_service.errors import Gone, NotFound, Unprocessable
from fhir_service.exchange import Interaction, Request, Response, Route, Services
from fhir_service.fhir import fhirpath_patch, json_patch
from fhir_service.formats import fhir_json
from fhir_service.interactions import writing
from fhir_service.interactions.conditional import find_one, lock_type
from fhir_service.store.contract import WritableResources

Patch = list[Any] | dict[str, Any]


def handle(request: Request, services: Services) -> Response:
    patch = read_patch(request)
    with services.store.write() as transaction:
        saved = _patch(transaction, request, request.logical_id, patch, services)
    return writing.answer_saved(request, saved)


def handle_conditional(request: Request, services: Services) -> Response:
    patch = read_patch(request)
    with services.store.write() as transaction:
        lock_type(transaction, request, request.type_name)
        found = find_one(transaction, request, request.type_name, request.parameters, services)
        if found is None:
            raise NotFound(f"No {request.type_name} matches the criteria.")
        saved = _patch(transaction, request, found.logical_id, patch, services)
    return writing.answer_saved(request, saved)


def _patch(
    transaction: WritableResources, request: Request, logical_id: str, patch: Patch, services: Services
) -> writing.Saved:
    name = f"{request.type_name}/{logical_id}"
    current = transaction.read(request.release.name, request.type_name, logical_id)
    writing.require_conditions(request, current)
    if current is None:
        raise NotFound(f"Resource `{name}` is not known.")
    if current.body is None:
        raise Gone(f"Resource `{name}` was deleted.")
    patched = apply(fhir_json.parse(current.body), patch, request)
    if (patched.get("resourceType"), patched.get("id")) != (request.type_name, logical_id):
        raise Unprocessable("A patch changes neither the type nor the id.", issue_code="business-rule")
    writing.require_valid(patched, request.release, services)
    return writing.save(transaction, request, patched, services, method="PATCH")


def apply(resource: dict[str, Any], patch: Patch, request: Request) -> dict[str, Any]:
    if isinstance(patch, list):
        patched = json_patch.apply(resource, patch)
        if not isinstance(patched, dict):
            raise Unprocessable("The patch leaves no resource.", issue_code="structure")
        return patched
    return fhirpath_patch.apply(resource, patch, request.release)


_MEDIA_TYPES = (JSON_PATCH, *FHIR_MEDIA_TYPES)
_FAILURES = (409, 410, 412, 413, 415, 422)

INTERACTION = Interaction(
    code="patch",
    level="instance",
    routes=(Route("PATCH", "{type}/{id}"),),
    summary="Some elements of a resource changed",
    handle=handle,
    failures=_FAILURES,
    writes=True,
    media_types=_MEDIA_TYPES,
)
CONDITIONAL = Interaction(
    code="patch",
    level="type",
    routes=(Route("PATCH", "{type}"),),
    summary="Some elements changed of the one resource that matches",
    handle=handle_conditional,
    failures=_FAILURES,
    searches=True,
    writes=True,
    media_types=_MEDIA_TYPES,
)
