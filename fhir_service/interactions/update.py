"""update: a new version of a resource, or a new resource under the client's id; also by criteria.

https://hl7.org/fhir/R4/http.html#update and https://hl7.org/fhir/R4/http.html#cond-update

    criteria match    body's id         done
    none              none              created under an id of the server's
    none              unknown here      created under it
    none              known here        refused: 409
    one               none or the same  updated
    one               another           refused: 400
    several                             refused: 412
"""

from __future__ import annotations

from typing import Any

from fhir_service.bodies import FHIR_MEDIA_TYPES, read_resource
from fhir_service.errors import Conflict
from fhir_service.exchange import Interaction, Request, Response, Route, Services
from fhir_service.interactions import writing
from fhir_service.interactions.conditional import find_one, lock_type
from fhir_service.store.contract import Resources


def handle(request: Request, services: Services) -> Response:
    resource = writing.of_type(read_resource(request), request.type_name)
    writing.require_id(resource, request.logical_id)
    writing.require_sent_valid(request, resource, services)
    with services.store.write() as transaction:
        saved = writing.save(transaction, request, resource, services, method="PUT")
    return writing.answer_saved(request, saved)


def handle_conditional(request: Request, services: Services) -> Response:
    sent = writing.of_type(read_resource(request), request.type_name)
    with services.store.write() as transaction:
        lock_type(transaction, request, request.type_name)
        resource = writing.with_id(sent, select_id(transaction, request, sent, services))
        writing.require_valid(resource, request.release, services)
        saved = writing.save(transaction, request, resource, services, method="PUT")
    return writing.answer_saved(request, saved)


def select_id(resources: Resources, request: Request, sent: dict[str, Any], services: Services) -> str:
    """The id that the criteria lead to, as the table above says."""
    found = find_one(resources, request, request.type_name, request.parameters, services)
    if found is not None:
        if "id" in sent:
            writing.require_id(sent, found.logical_id)
        return found.logical_id
    if "id" not in sent:
        return services.new_id()
    logical_id = str(sent["id"])
    known = resources.read(request.release.name, request.type_name, logical_id)
    if known is not None and not known.is_deleted:
        raise Conflict(
            f"Nothing matches the criteria, and `{request.type_name}/{logical_id}` exists already.",
            expression=(f"{request.type_name}.id",),
        )
    return logical_id


INTERACTION = Interaction(
    code="update",
    level="instance",
    routes=(Route("PUT", "{type}/{id}"),),
    summary="A new version of a resource, or a new resource under this id",
    handle=handle,
    successes=(200, 201),
    failures=(409, 412, 413, 415, 422),
    writes=True,
    media_types=FHIR_MEDIA_TYPES,
)
CONDITIONAL = Interaction(
    code="update",
    level="type",
    routes=(Route("PUT", "{type}"),),
    summary="A new version of the one resource that matches, or a new resource",
    handle=handle_conditional,
    successes=(200, 201),
    failures=(409, 412, 413, 415, 422),
    searches=True,
    writes=True,
    media_types=FHIR_MEDIA_TYPES,
)
