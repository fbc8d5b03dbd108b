"""Gives the server an answer of known, moderate length as one piece.

https://peps.python.org/pep-3333/

The server sends a list at once, and asks for each part of any other iterable in a slot of its own. Werkzeug
wraps every body in an iterator. The few that are really streamed say no length, or a large one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fhir_service.delivery.wsgi import Application, Environ, Headers, announced_length, joined

_MOST = 1_000_000


def at_once(application: Application) -> Application:
    """The same application, whose moderate answers are lists of one chunk."""

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        told: Headers = []

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            told[:] = headers
            return start_response(status, headers, exc_info)

        chunks = application(environ, start)
        return [joined(chunks)] if _is_moderate(told) else chunks

    return answer


def _is_moderate(headers: Headers) -> bool:
    length = announced_length(headers) or ""
    return length.isdecimal() and int(length) <= _MOST
