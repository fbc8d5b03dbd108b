"""Cross-origin reading: which web pages may read, and which headers they see.

https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flask import Request, Response

from fhir_service.delivery.read_your_writes import POSITION_HEADER
from fhir_service.delivery.wsgi import Environ
from fhir_service.settings import Settings
from fhir_service.topics import CONTENT_HEADER

_ALLOWED_HEADERS = (
    "Authorization, Content-Type, Accept, Prefer, "
    f"If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-None-Exist, {POSITION_HEADER}"
)
_EXPOSED_HEADERS = f"ETag, Location, Content-Location, Last-Modified, {CONTENT_HEADER}, {POSITION_HEADER}"
_ONE_DAY = "86400"

_NOTHING: Mapping[str, str] = {}
_ANYBODY = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": _EXPOSED_HEADERS}


def cors_headers(environ: Environ, settings: Settings) -> Mapping[str, str]:
    """What lets a page on an allowed origin read the answer; never with credentials."""
    if settings.cors_origins == ("*",):
        return _ANYBODY
    origin = environ.get("HTTP_ORIGIN")
    return _ANYBODY | {"Access-Control-Allow-Origin": origin} if origin in settings.cors_origins else _NOTHING


def varies_by_origin(settings: Settings) -> bool:
    """Whether what one page may read, another may not."""
    return settings.cors_origins != ("*",)


def add_cors(response: Response, request: Request, settings: Settings) -> None:
    """The same on an answer of Flask."""
    if varies_by_origin(settings):
        response.vary.add("Origin")
    response.headers.update(cors_headers(request.environ, settings))


def is_preflight(environ: Environ) -> bool:
    """Whether it is for a page that a browser asks what its OPTIONS may send."""
    return "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ


def preflight_headers(methods: Iterable[str]) -> Mapping[str, str]:
    """What the browser asks before it sends anything that a form could not send."""
    return {
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
        "Access-Control-Max-Age": _ONE_DAY,
    }


def answer_options(request: Request, methods: Sequence[str]) -> Response:
    """The answer to OPTIONS, a preflight or not: what may be asked here."""
    response = Response(status=204, headers={"Allow": ", ".join(methods)})
    del response.headers["Content-Type"]
    if is_preflight(request.environ):
        response.headers.update(preflight_headers(methods))
    return response
