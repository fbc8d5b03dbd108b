"""Cross-origin reading: which web pages may read, and which headers they see.

https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Request, Response

from fhir_service.delivery.read_your_writes import POSITION_HEADER
from fhir_service.settings import Settings
from fhir_service.topics import CONTENT_HEADER

_ALLOWED_HEADERS = (
    "Authorization, Content-Type, Accept, Prefer, "
    f"If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-None-Exist, {POSITION_HEADER}"
)
_EXPOSED_HEADERS = f"ETag, Location, Content-Location, Last-Modified, {CONTENT_HEADER}, {POSITION_HEADER}"
_ONE_DAY = "86400"


def add_cors(response: Response, request: Request, settings: Settings) -> None:
    """Let a page on an allowed origin read the answer; never with credentials."""
    origin = _granted(request.headers.get("Origin"), settings)
    if settings.cors_origins != ("*",):
        response.vary.add("Origin")
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS


def is_preflight(request: Request) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def add_preflight(response: Response, methods: Iterable[str]) -> None:
    """What the browser asks before it sends anything that a form could not send."""
    response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
    response.headers["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
    response.headers["Access-Control-Max-Age"] = _ONE_DAY


def answer_options(request: Request, methods: Sequence[str]) -> Response:
    """The answer to OPTIONS, a preflight or not: what may be asked here."""
    response = Response(status=204, headers={"Allow": ", ".join(methods)})
    del response.headers["Content-Type"]
    if is_preflight(request):
        add_preflight(response, methods)
    return response


def _granted(origin: str | None, settings: Settings) -> str | None:
    if settings.cors_origins == ("*",):
        return "*"
    return origin if origin in settings.cors_origins else None
