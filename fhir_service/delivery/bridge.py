"""Between Granian and the application: what is kept is answered on the spot, by one thread at a time.

https://github.com/emmett-framework/granian/blob/master/granian/wsgi.py and
docs/decisions/2026-11-26-one-thread-takes-what-is-kept.md

    a thread of Granian's takes a request
      kept     -> its answer; then the thread takes the seat, or sleeps until it is free
      not kept -> the thread leaves the seat to one that sleeps, and calls the application

So of threads that are not at work one waits for requests, and the others sleep. When all wait, they take
what is kept in turns and fetch the interpreter lock from each other, which costs as much as half an answer.
With one thread alone a slow request would hold up everybody.

A thread can only sleep when its answer is on its way, and WSGI sends it after the call. So Granian's wrapper
around an application, for which it has no other door, is replaced within the worker.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

from granian import wsgi
from granian.server import mp

from fhir_service.delivery.wsgi import Application, Environ, Given, Headers

_LARGE = 1_000_000
# As many as Granian takes before one has been sent: with more, a slow client would hold the thread.
_PARTS = 4


class Connection(Protocol):
    """What Granian answers by."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...


Kept = Callable[[Environ], Given | None]
Call = Callable[[Connection, Environ], object]


def bridged(application: Application, kept: Kept, count: Callable[[], None]) -> Application:
    """The same application, which Granian will call over this bridge in this process.

    :param kept: what is answered without the application, to requests that have no body; must not wait
    :param count: called for each such answer, by one thread at a time
    """
    vars(mp)["_wsgi_call_wrap"] = partial(_wrapper, kept, count)
    return application


def _wrapper(kept: Kept, count: Callable[[], None], application: Application, *how: Any) -> Call:
    """In place of `granian.wsgi._callback_wrapper`."""
    whole = wsgi._callback_wrapper(in_parts(application), *how)
    own = _Own(threading.Lock())

    def answer(connection: Connection, environ: Environ) -> None:
        found = kept(environ)
        place = own.place
        if found is None:
            place.leave()
            # No sleep after this: Granian drops what is left of a body when the call ends, and until then the
            # client's next request waits.
            whole(connection, environ)
            return
        connection.response_bytes(*found)
        if not place.is_taken:
            environ.clear()  # nothing of the request stays while the thread sleeps
            place.take()
        count()

    return answer


def in_parts(application: Application) -> Application:
    """The same application, whose large answers can be sent while the rest of them is copied."""

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        chunks = application(environ, start_response)
        if isinstance(chunks, list) and len(chunks) == 1 and len(chunks[0]) > _LARGE:
            whole = chunks[0]
            size = -(-len(whole) // _PARTS)
            return (whole[start : start + size] for start in range(0, len(whole), size))
        return chunks

    return answer


class _Place:
    """A thread's look at the seat."""

    def __init__(self, seat: threading.Lock) -> None:
        self._seat = seat
        self.is_taken = False

    def take(self) -> None:
        self._seat.acquire()
        self.is_taken = True

    def leave(self) -> None:
        if self.is_taken:
            self.is_taken = False
            self._seat.release()

    # Granian ends a thread that has waited for long, and with it goes what is its own.
    __del__ = leave


class _Own(threading.local):
    """Each thread's place."""

    def __init__(self, seat: threading.Lock) -> None:
        self.place = _Place(seat)
