"""delete: the resource is gone from read and search, its history stays; also by criteria.

https://hl7.org/fhir/R4/http.html#delete and https://hl7.org/fhir/R4/http.html#cdelete

What is gone already, or never was, is not there afterwards either: that is a success. Several matches are
refused.
"""

from __future__ import annotations

from fhir_service.errors import Issue
from fhir_service.exchange import Interaction, Request, Response, Route, Services
from fhir_service.fhir.outcome import outcome
from fhir_service.formats import fhir_json
from fhir_service.interactions import writing
from fhir_service.interactions.conditional import find_one, lock_type
from fhir_service.store.contract import StoredVersion


def handle(request: Request, services: Services) -> Response:
    with services.store.write() as transaction:
        gone = writing.remove(transaction, request, request.logical_id, services)
    return answer(request, gone)


def handle_conditional(request: Request, services: Services) -> Response:
    with services.store.write() as transaction:
        lock_type(transaction, request, request.type_name)
        found = find_one(transaction, request, request.type_name, request.parameters, services)
        gone = writing.remove(transaction, request, found.logical_id, services) if found else None
    return answer(request, gone)


def answer(request: Request, gone: StoredVersion | None) -> Response:
    """204 without a body, unless words are asked for."""
    etag = str(gone.version_id) if gone else None
    last_modified = gone.last_updated if gone else None
    if request.returns != "OperationOutcome":
        return Response(body=None, status=204, etag=etag, last_modified=last_modified)
    told = f"{gone.type_name}/{gone.logical_id} was deleted." if gone else "There was nothing to delete."
    body = fhir_json.dump(outcome((Issue("information", "informational", told),)))
    return Response(body=body, is_outcome=True, etag=etag, last_modified=last_modified)


INTERACTION = Interaction(
    code="delete",
    level="instance",
    routes=(Route("DELETE", "{type}/{id}"),),
    summary="The resource is gone, its history stays",
    handle=handle,
    successes=(200, 204),
    failures=(409, 412),
    writes=True,
)
CONDITIONAL = Interaction(
    code="delete",
    level="type",
    routes=(Route("DELETE", "{type}"),),
    summary="The one resource that matches is gone, its history stays",
    handle=handle_conditional,
    successes=(200, 204),
    failures=(409, 412),
    searches=True,
    writes=True,
)
