"""The last step of every FHIR request: a response value, or any failure on the way, becomes HTTP.

https://hl7.org/fhir/R4/http.html#2.21.0.4

Whatever is raised, by whomever, the client gets an OperationOutcome; so it does at every address that is no
other door's.
"""

from __future__ import annotations

from flask import Response, g, request, send_file
from werkzeug.exceptions import HTTPException
from werkzeug.http import http_date

from fhir_service import exchange
from fhir_service.delivery.cache_control import NOT_KEPT, REVALIDATED
from fhir_service.delivery.fhir.negotiation import Representation, default_representation
from fhir_service.errors import Issue, ServiceError
from fhir_service.failures import told
from fhir_service.fhir.outcome import outcome
from fhir_service.formats import fhir_json
from fhir_service.releases import R4

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


def render(answer: exchange.Response, representation: Representation, pretty: bool) -> Response:
    """The response value as HTTP."""
    if answer.file is not None:
        response = send_file(
            answer.file.absolute(), answer.media_type, conditional=False, etag=False, max_age=0
        )
        del response.headers["Last-Modified"]
    elif answer.body is None:
        response = Response(status=answer.status)
        del response.headers["Content-Type"]
    elif answer.media_type is not None:
        response = Response(answer.body, answer.status, content_type=answer.media_type)
        response.headers["Content-Security-Policy"] = _SANDBOX
    else:
        body = representation.format.encode(answer.body, pretty, representation.release)
        response = Response(body, answer.status, content_type=representation.content_type)
    headers = response.headers
    headers.update(answer.headers)
    if answer.etag is not None:
        response.set_etag(answer.etag, weak=True)
    if answer.last_modified is not None:
        headers["Last-Modified"] = http_date(answer.last_modified // _MICROSECONDS)
    if answer.location is not None:
        headers["Location" if _is_created(answer) else "Content-Location"] = answer.location
    may_be_kept = request.method in ("GET", "HEAD") and not answer.is_personal
    headers["Cache-Control"] = REVALIDATED if may_be_kept else NOT_KEPT
    headers["Vary"] = _VARY
    return response


def _is_created(answer: exchange.Response) -> bool:
    """A conditional create that finds the resource says where it is, as one that makes it does."""
    return answer.status == 201 or (request.method == "POST" and answer.status != 202)


def render_failure(error: Exception) -> Response:
    """Anything raised as an OperationOutcome; what nobody foresaw is logged and told without its insides."""
    match error:
        case ServiceError():
            return _failure(error.status, error.issues, error.headers)
        case HTTPException(code=int(status)) if status < 400:  # a redirect is no failure
            return error.get_response(request.environ)  # type: ignore[return-value]
        case HTTPException(code=int(status)):
            issue = Issue("error", _ISSUE_CODES.get(status, "processing"), _about(error, status))
            return _failure(status, (issue,), _kept_headers(error))
        case _:
            failure = told(error, request.method, request.path)
            return _failure(failure.status, failure.issues, {})


def _about(error: HTTPException, status: int) -> str:
    if status == 404:
        return f"There is nothing at `{request.path}`. FHIR is at /fhir/r4, /fhir/r4b, /fhir/r5 and /fhir."
    if status == 405:
        return f"{request.method} is not allowed on {request.path}."
    return error.description or error.name


def _kept_headers(error: HTTPException) -> dict[str, str]:
    """Headers that belong to the status, such as Allow and Retry-After."""
    return {name: value for name, value in error.get_headers(request.environ) if name != "Content-Type"}


def _failure(status: int, issues: tuple[Issue, ...], headers: dict[str, str]) -> Response:
    representation = g.get("representation") or default_representation(R4)
    reported = fhir_json.dump(outcome(issues))
    body = representation.format.encode(reported, g.get("pretty", False), representation.release)
    response = Response(body, status, content_type=representation.content_type)
    response.headers.update(headers)
    response.headers["Cache-Control"] = NOT_KEPT
    response.headers["Vary"] = _VARY
    return response


def forbid_sniffing(response: Response) -> Response:
    """A browser takes the content type as it stands, on every answer of the service."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
