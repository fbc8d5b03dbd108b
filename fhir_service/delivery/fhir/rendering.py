"""The last step of every FHIR request: a response value, or any failure on the way, becomes HTTP.

https://hl7.org/fhir/R4/http.html#2.21.0.4

Whatever is raised, by whomever, the client gets an OperationOutcome; so it does at every address that is no
other door's.
"""

from __future__ import annotations

import os
from functools import lru_cache

from flask import Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import dump_options_header, http_date
from werkzeug.urls import iri_to_uri
from werkzeug.wsgi import wrap_file

from fhir_service import exchange
from fhir_service.delivery.cache_control import NOT_KEPT, REVALIDATED
from fhir_service.delivery.fhir.negotiation import DEFAULTS, Representation
from fhir_service.delivery.fhir.reading import Asked
from fhir_service.delivery.wsgi import Answer
from fhir_service.errors import Issue
from fhir_service.failures import told
from fhir_service.fhir.outcome import outcome
from fhir_service.formats import fhir_json
from fhir_service.releases import R4

_VARY = "Accept, Prefer"
# A Binary holds whatever was put into it; shown by a browser it must not act as a page of this service.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_WITHOUT_LENGTH = (204, 304)
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


def render(answer: exchange.Response, asked: Asked) -> Answer:
    """The response value as HTTP."""
    rendered = _content(answer, asked)
    headers = rendered.headers
    headers.update(answer.headers)
    if answer.etag is not None:
        headers["ETag"] = f'W/"{answer.etag}"'
    if answer.last_modified is not None and answer.status != 304:
        headers["Last-Modified"] = _http_date(answer.last_modified // _MICROSECONDS)
    if answer.location is not None:
        name = "Location" if _is_created(answer, asked) else "Content-Location"
        headers[name] = iri_to_uri(answer.location)
    may_be_kept = asked.method in ("GET", "HEAD") and not answer.is_personal
    headers["Cache-Control"] = REVALIDATED if may_be_kept else NOT_KEPT
    headers["Vary"] = _VARY
    return rendered


def _content(answer: exchange.Response, asked: Asked) -> Answer:
    """The body, with the headers that are about it."""
    if answer.file is not None:
        file = answer.file.open("rb")
        headers = {
            "Content-Type": str(answer.media_type),
            "Content-Disposition": dump_options_header("inline", {"filename": answer.file.name}),
            "Content-Length": str(os.fstat(file.fileno()).st_size),
        }
        return Answer(answer.status, headers, wrap_file(asked.environ, file))
    if answer.body is None:
        return Answer(answer.status, {} if answer.status in _WITHOUT_LENGTH else {"Content-Length": "0"})
    if answer.media_type is not None:
        headers = {"Content-Type": answer.media_type, "Content-Security-Policy": _SANDBOX}
        return _with_length(answer.status, headers, answer.body)
    return _written(answer.status, answer.body, asked.representation, asked.pretty)


def _written(status: int, body: bytes, representation: Representation, pretty: bool) -> Answer:
    body = representation.format.encode(body, pretty, representation.release)
    return _with_length(status, {"Content-Type": representation.content_type}, body)


def _with_length(status: int, headers: dict[str, str], body: bytes) -> Answer:
    headers["Content-Length"] = str(len(body))
    return Answer(status, headers, body)


def _is_created(answer: exchange.Response, asked: Asked) -> bool:
    """A conditional create that finds the resource says where it is, as one that makes it does."""
    return answer.status == 201 or (asked.method == "POST" and answer.status != 202)


# What was loaded together has the same date; making one takes as long as the rest of the headers.
@lru_cache(maxsize=1024)
def _http_date(seconds: int) -> str:
    return http_date(seconds)


def failure(error: Exception, asked: Asked) -> Answer:
    """Anything raised as an OperationOutcome, written as the answer would have been."""
    return _failure(error, asked.method, asked.address, asked.representation, asked.pretty)


def render_failure(error: Exception) -> Response:
    """The same at an address that is neither FHIR's nor another door's, which Flask was asked for."""
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return error.get_response(request.environ)  # type: ignore[return-value]  # a redirect is no failure
    answer = _failure(error, request.method, request.path, DEFAULTS[R4.name])
    return Response(answer.body, answer.status, answer.headers)


def _failure(
    error: Exception, method: str, address: str, representation: Representation, pretty: bool = False
) -> Answer:
    """What nobody foresaw is logged and told without its insides."""
    match error:
        case HTTPException(code=int(status)):
            issue = Issue("error", _ISSUE_CODES.get(status, "processing"), _about(error, method, address))
            issues: tuple[Issue, ...] = (issue,)
            # Headers that belong to the status, such as Allow and Retry-After.
            more = {name: value for name, value in error.get_headers() if name != "Content-Type"}
        case _:
            known = told(error, method, address)
            status, issues, more = known.status, known.issues, known.headers
    answer = _written(status, fhir_json.dump(outcome(issues)), representation, pretty)
    answer.headers |= {**more, "Cache-Control": NOT_KEPT, "Vary": _VARY}
    return answer


def _about(error: HTTPException, method: str, address: str) -> str:
    if error.code == 404:
        return f"There is nothing at `{address}`. FHIR is at /fhir/r4, /fhir/r4b, /fhir/r5 and /fhir."
    if error.code == 405:
        return f"{method} is not allowed on {address}."
    return error.description or error.name


def forbid_sniffing(response: Response) -> Response:
    """A browser takes the content type as it stands, on every answer of the service."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
