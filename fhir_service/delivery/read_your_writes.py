"""With replicas: a client that writes reads what it wrote, through whichever instance it asks.

docs/scaling.md and docs/decisions/2026-11-25-read-your-writes.md

    answer to a write   says in `Store-Position` where the write-ahead log was after it
    a read with it      is answered by who has replayed as much
    a read without it   with credentials, or `Cache-Control: no-cache`: by the primary
    whatever may write  by the primary

A read whose database is lost on the way is asked again, of another; nothing of it has been answered yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from fhir_service.delivery.wsgi import Application, Environ, close
from fhir_service.store.postgres import position_of
from fhir_service.store.replicas import Reader, ReplicatedStore

POSITION_HEADER = "Store-Position"

_POSITION = re.compile(r"[0-9A-F]{1,8}/[0-9A-F]{1,8}", re.ASCII)


class ReadYourWrites:
    """A WSGI application around another, which reads and writes in the store within the request."""

    def __init__(self, application: Application, store: ReplicatedStore) -> None:
        self._application = application
        self._store = store

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        reader = reader_of(environ)
        started, chunks = self._ask(environ, reader)
        while reader.is_lost and reader.place is not None and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            close(chunks)
            reader = reader_of(environ, reader.avoids | {reader.place})
            started, chunks = self._ask(environ, reader)
        status, headers, *error = started
        if reader.has_written:
            headers = [*headers, (POSITION_HEADER, _told(self._store.written()))]
        start_response(status, headers, *error)
        return chunks

    def _ask(self, environ: Environ, reader: Reader) -> tuple[list[Any], Iterable[bytes]]:
        started: list[Any] = []

        def start(*told: Any) -> None:
            started[:] = told

        with self._store.request(reader):
            return started, self._application(environ, start)


def reader_of(environ: Environ, avoids: frozenset[int] = frozenset()) -> Reader:
    """What the request must see. What is no position is of no use: then it must see all."""
    told = environ.get("HTTP_STORE_POSITION", "")
    position = position_of(told) if _POSITION.fullmatch(told) else None
    is_current = (
        environ["REQUEST_METHOD"] not in ("GET", "HEAD")
        or "no-cache" in environ.get("HTTP_CACHE_CONTROL", "").lower()
        or (position is None and bool(told or environ.get("HTTP_AUTHORIZATION")))
    )
    return Reader(wrote=position or 0, is_current=is_current, avoids=avoids)


def _told(position: int) -> str:
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
