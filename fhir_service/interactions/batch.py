"""batch: requests that have nothing to do with each other, done in their order.

https://hl7.org/fhir/R4/http.html#transaction

A batch and a transaction are sent to the same place: the Bundle's type tells them apart.
"""

from __future__ import annotations

from typing import Any

from fhir_service.bodies import FHIR_MEDIA_TYPES, read_resource
from fhir_service.dispatch import dispatch
from fhir_service.errors import Invalid, MethodNotAllowed
from fhir_service.exchange import Interaction, Request, Response, Route, Services
from fhir_service.failures import told
from fhir_service.fhir.bundle import Entry, bundle
from fhir_service.interactions import transaction
from fhir_service.interactions.entries import answered, around, entries_of, read_entry, refused, require_known


def handle(request: Request, services: Services) -> Response:
    sent = read_resource(request)
    if sent.get("resourceType") != "Bundle" or sent.get("type") not in ("batch", "transaction"):
        raise Invalid(
            "The base takes a Bundle of type batch or transaction; a resource goes to [type].",
            expression=("Bundle.type",),
        )
    require_known({name: value for name, value in sent.items() if name != "entry"}, request, services)
    if sent["type"] == "transaction":
        if transaction.INTERACTION not in services.interactions:
            raise MethodNotAllowed(
                "A transaction is not done here: nothing can be written.",
                services.routes.methods(request.path),
            )
        return transaction.handle(sent, request, services)
    entries = [_done(entry, place, request, services) for place, entry in enumerate(entries_of(sent))]
    return Response(body=bundle("batch-response", entries))


def _done(entry: Any, place: int, request: Request, services: Services) -> Entry:
    """Whatever goes wrong with one entry is that entry's answer."""
    try:
        asked = read_entry(entry, place, request)
        require_known(around([entry]), request, services, place)
        return answered(dispatch(asked.request, services), asked.is_head)
    except Exception as error:
        return refused(told(error, "Bundle.entry", str(place)))


INTERACTION = Interaction(
    code="batch",
    level="system",
    routes=(Route("POST", ""),),
    summary="A batch of requests, or a transaction",
    handle=handle,
    failures=(405, 409, 410, 412, 413, 415, 422, 503),
    media_types=FHIR_MEDIA_TYPES,
)
