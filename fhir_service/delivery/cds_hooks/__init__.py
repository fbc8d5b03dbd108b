"""CDS Hooks 2.0: cards that link the education pages at the moment they are of use.

https://cds-hooks.hl7.org/2.0/

    GET  /cds-services                   the services
    POST /cds-services/{id}              the cards for one call
    POST /cds-services/{id}/feedback     what became of a card: checked, not kept

A service answers from the request alone. It calls nobody, and nothing of a request is stored or logged.
Errors are OperationOutcomes in `application/json`, as CDS Hooks 3.0 recommends where 2.0 says nothing.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import NOT_KEPT, REVALIDATED, kept
from fhir_service.delivery.cds_hooks.calls import read_call
from fhir_service.delivery.cds_hooks.cards import Desk, card
from fhir_service.delivery.cds_hooks.deciding import Decision
from fhir_service.delivery.cds_hooks.feedback import check_feedback
from fhir_service.delivery.cds_hooks.services import SERVICES, Service, discovery
from fhir_service.delivery.cds_hooks.suggestions import offered
from fhir_service.delivery.cors import add_cors, answer_options
from fhir_service.delivery.doors import Doors, name_content
from fhir_service.delivery.fhir.negotiation import require_plain
from fhir_service.delivery.mounting import below, mount
from fhir_service.delivery.wsgi import body_of
from fhir_service.errors import Issue, MethodNotAllowed, NotFound, UnsupportedMediaType
from fhir_service.failures import told
from fhir_service.fhir.outcome import outcome
from fhir_service.formats import fhir_json

PREFIX = "/cds-services"
FEEDBACK = "feedback"
JSON = "application/json"
LARGEST_CALL = 4_000_000
"""Bytes; a record that is larger is sent in pages, or not at all."""

_READING = ("GET", "HEAD", "OPTIONS")
_CALLING = ("POST", "OPTIONS")
_ISSUE_CODES = {400: "invalid", 404: "not-found"}


def create_blueprint(doors: Doors) -> Blueprint:
    """Every URL below /cds-services."""
    blueprint = Blueprint("cds_hooks", __name__)
    has_suggestions = doors.settings.cds_suggestions == "on"

    def answer(rest: str = "") -> Response:
        is_discovery = request.path == PREFIX
        service_id, _, action = rest.partition("/")
        allowed = _READING if is_discovery else _CALLING
        if request.method == "OPTIONS":
            return answer_options(request, allowed)
        _authenticate(doors)
        is_known = service_id in SERVICES and action in ("", FEEDBACK) and not rest.endswith("/")
        if not (is_discovery or is_known):
            raise NotFound(f"There is no such service; there are: {', '.join(SERVICES)}.")
        if request.method not in allowed:
            raise MethodNotAllowed(f"Allowed here: {', '.join(allowed)}.", allowed)
        if is_discovery:
            return kept(_json(discovery(suggestions=has_suggestions)))
        body = _body()
        if action == FEEDBACK:
            check_feedback(body)
            return _json({})
        return _cards(body, SERVICES[service_id], doors, suggestions=has_suggestions)

    def finish(response: Response) -> Response:
        is_read = request.method in _READING and response.status_code in (200, 304)
        is_kept = is_read and doors.cds_clients is None
        response.headers["Cache-Control"] = REVALIDATED if is_kept else NOT_KEPT
        add_cors(response, request, doors.settings)
        return response

    mount(blueprint, answer, *below(PREFIX))
    blueprint.register_error_handler(Exception, _failed)
    blueprint.after_request(finish)
    return blueprint


def _cards(body: Any, service: Service, doors: Doors, *, suggestions: bool) -> Response:
    call = read_call(body, service)
    decision = Decision(call, service, doors.topics.by_slug, doors.finder, doors.today())
    findings = decision.findings()
    desk = Desk(
        call=call,
        publisher=doors.topics.publisher,
        base=base_url(request.environ, doors.settings),
        language=decision.patient.language if decision.patient else None,
        drafts=doors.settings.serves_drafts,
        new_uuid=lambda: str(uuid.uuid4()),
    )
    cards = [card(found, offered(decision, found) if suggestions else (), desk) for found in findings]
    response = _json({"cards": cards})
    name_content(response, (found.built for found in findings))
    return response


def _authenticate(doors: Doors) -> None:
    """https://cds-hooks.hl7.org/2.0/#trusting-cds-clients, on every call that is no preflight."""
    if doors.cds_clients is not None:
        endpoint = base_url(request.environ, doors.settings) + request.path
        doors.cds_clients.authenticate(request.headers.get("Authorization"), endpoint)


def _body() -> Any:
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"Allowed Content-Type: {JSON}.", expression=("http.Content-Type",))
    require_plain(request.headers.get("Content-Encoding", ""))
    return fhir_json.parse_value(body_of(request.environ, LARGEST_CALL))


def _json(value: Any, status: int = 200) -> Response:
    return Response(fhir_json.dump(value), status, content_type=f"{JSON}; charset=utf-8")


def _failed(error: Exception) -> Response:
    """Any failure as an OperationOutcome; nothing of a request is in it but names of fields."""
    if isinstance(error, HTTPException):
        status = error.code or 500
        issue = Issue("error", _ISSUE_CODES.get(status, "processing"), error.name)
        return _json(outcome([issue]), status)
    failure = told(error, request.method, PREFIX, is_personal=True)
    response = _json(outcome(failure.issues), failure.status)
    response.headers.update(failure.headers)
    return response
