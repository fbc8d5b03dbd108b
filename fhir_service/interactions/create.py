"""create: a new resource under an id of the server's; with If-None-Exist only if there is none such yet.

https://hl7.org/fhir/R4/http.html#create and https://hl7.org/fhir/R4/http.html#ccreate
"""

from __future__ import annotations

from fhir_service.bodies import FHIR_MEDIA_TYPES, read_resource
from fhir_service.exchange import Interaction, Request, Response, Route, Services
from fhir_service.fhir.query_string import read_pairs
from fhir_service.interactions import writing
from fhir_service.interactions.conditional import find_one, lock_type


def handle(request: Request, services: Services) -> Response:
    sent = writing.of_type(read_resource(request), request.type_name)
    # In a transaction it has its id already: others refer to it.
    resource = writing.with_id(sent, request.logical_id or services.new_id())
    writing.require_sent_valid(request, resource, services)
    criteria = request.conditions.if_none_exist
    with services.store.write() as transaction:
        if criteria:
            lock_type(transaction, request, request.type_name)
            found = find_one(
                transaction, request, request.type_name, read_pairs(criteria.lstrip("?")), services
            )
            if found is not None:
                return writing.answer(request, found, 200, "exists already")
        return writing.answer_saved(
            request, writing.save(transaction, request, resource, services, method="POST")
        )


INTERACTION = Interaction(
    code="create",
    level="type",
    routes=(Route("POST", "{type}"),),
    summary="A new resource under an id of the server's",
    handle=handle,
    successes=(200, 201),
    failures=(409, 412, 413, 415, 422),
    writes=True,
    media_types=FHIR_MEDIA_TYPES,
)
