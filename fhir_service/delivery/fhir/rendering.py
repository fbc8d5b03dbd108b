"""The last step of every request: a response value, or any failure on the way, becomes HTTP.

https://hl7.org/fhir/R4/http.html#2.21.0.4

This is the only place where a failure turns into bytes: whatever is raised, by whomever, the client gets an
OperationOutcome.
"""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime

from flask import Request, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date

from fhir_service import exchange
from fhir_service.delivery.fhir.negotiation import Representation, default_representation
from fhir_service.errors import Issue, ServiceError
from fhir_service.fhir.outcome import outcome
from fhir_service.formats import fhir_json
from fhir_service.releases import R4

LOG = logging.getLogger(__name__)

# A cache may keep an answer but must ask whether it still holds: a resource can change at any time.
_REVALIDATE = "public, no-cache"
_VARY = "Accept, Prefer"
# A Binary holds whatever was put into it; shown by a browser it must not act as a page of this service.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_MICROSECONDS = 1_000_000
_ISSUE_CODES = {
    400: "invalid",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    413: "too-long",
    414: "too-long",
    415: "not-supported",
    429: "throttled",
    431: "too-long",
}


def render(
    answer: exchange.Response, representation: Representation, pretty: bool, asked: Request
) -> Response:
    """The response value as HTTP; 304 without a body when the client has it already."""
    if _is_unchanged(answer, asked):
        response = Response(status=304)
    elif answer.media_type is not None:
        response = Response(answer.body, answer.status, content_type=answer.media_type)
        response.headers["Content-Security-Policy"] = _SANDBOX
    else:
        body = representation.format.encode(answer.body, pretty)
        response = Response(body, answer.status, content_type=representation.content_type)
    if answer.etag is not None:
        response.set_etag(answer.etag, weak=True)
    if answer.last_modified is not None:
        response.headers["Last-Modified"] = http_date(answer.last_modified // _MICROSECONDS)
    response.headers["Cache-Control"] = _REVALIDATE
    response.headers["Vary"] = _VARY
    return response


def _is_unchanged(answer: exchange.Response, asked: Request) -> bool:
    """Conditional read: https://hl7.org/fhir/R4/http.html#cread and RFC 9110, section 13.2.2."""
    if asked.method not in ("GET", "HEAD"):
        return False
    if "If-None-Match" in asked.headers:
        return answer.etag is not None and asked.if_none_match.contains_weak(answer.etag)
    since = asked.if_modified_since
    if since is None or answer.last_modified is None:
        return False
    return datetime.fromtimestamp(answer.last_modified // _MICROSECONDS, UTC) <= since


def render_failure(error: Exception) -> Response:
    """Anything raised as an OperationOutcome; what nobody foresaw is logged and told without its insides."""
    match error:
        case ServiceError():
            return _failure(error.status, error.issues, error.headers)
        case HTTPException(code=int(status)) if status < 400:  # a redirect is no failure
            return error.get_response(request.environ)  # type: ignore[return-value]
        case HTTPException(code=int(status)):
            issue = Issue("error", _ISSUE_CODES.get(status, "processing"), _told(error, status))
            return _failure(status, (issue,), _kept_headers(error))
        case _:
            return _unforeseen(error)


def _told(error: HTTPException, status: int) -> str:
    if status == 404:
        return f"There is nothing at `{request.path}`. FHIR is at /fhir/r4, /fhir/r4b, /fhir/r5 and /fhir."
    if status == 405:
        return f"{request.method} is not allowed on {request.path}."
    return error.description or error.name


def _kept_headers(error: HTTPException) -> dict[str, str]:
    """Headers that belong to the status, such as Allow and Retry-After."""
    return {name: value for name, value in error.get_headers(request.environ) if name != "Content-Type"}


def _unforeseen(error: Exception) -> Response:
    reference = secrets.token_hex(6)
    # The path names a resource of ours; the query may say what someone looked for and stays out of the log.
    LOG.error("Request %s failed: %s %s", reference, request.method, request.path, exc_info=error)
    told = f"The service failed on this request. Its log says why under reference {reference}."
    return _failure(500, (Issue("fatal", "exception", told),), {})


def _failure(status: int, issues: tuple[Issue, ...], headers: dict[str, str]) -> Response:
    representation = g.get("representation") or default_representation(R4)
    body = representation.format.encode(fhir_json.dump(outcome(issues)), g.get("pretty", False))
    response = Response(body, status, content_type=representation.content_type)
    response.headers.update(headers)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = _VARY
    return response


def forbid_sniffing(response: Response) -> Response:
    """A browser takes the content type as it stands, on every answer of the service."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
