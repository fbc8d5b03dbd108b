"""A request at work and its answer: what calls the WSGI application, in a slot.

https://peps.python.org/pep-3333/

    begin   the application is called; a list is the whole answer
    go_on   the next chunk of any other answer, once the client has taken those before
    end     what was opened for the answer is closed, also when nobody is there to take it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

from fhir_service.delivery.server.head import CHUNKED, CLOSE, KEEP_ALIVE, head_of
from fhir_service.delivery.server.request import Request
from fhir_service.delivery.server.slots import note_failure
from fhir_service.delivery.wsgi import Application, Headers, announced_length, close

_WITHOUT_BODY = (204, 304)


class Taker(Protocol):
    """Who takes the answer, in the thread of the connections."""

    def take(self, exchange: Exchange, head: bytes, parts: list[bytes]) -> None:
        """A part of the answer; the head comes with the first, and with the last the exchange is over."""

    def fail(self, exchange: Exchange) -> None:
        """No more of the answer will come."""


class Exchange:
    """
    :param call: has a function called in the thread of the connections
    """

    def __init__(
        self, request: Request, application: Application, taker: Taker, call: Callable[..., object]
    ) -> None:
        self.request = request
        self.is_over = False
        self.is_told = False
        """Set by the taker: the head was sent."""
        self._application = application
        self._taker = taker
        self._call = call
        self._body: Iterable[bytes] = ()
        self._parts: list[bytes] = []  # to be sent next
        self._chunks: Iterator[bytes] = iter(())
        self._is_begun = False
        self._is_chunked = False
        self._left: int | None = None  # bytes that were announced and are still to come

    def begin(self) -> None:
        self._give(self._ask)

    def go_on(self) -> None:
        self._give(self._more)

    def end(self) -> None:
        """May be called again: the body is closed once."""
        self.is_over = True
        body, self._body = self._body, ()
        close(body)

    def _give(self, make: Callable[[], tuple[bytes, list[bytes]]]) -> None:
        try:
            head, parts = make()
        except BaseException as error:
            note_failure("The application failed", error)
            try:
                self.end()
            finally:
                self._call(self._taker.fail, self)
        else:
            self._call(self._taker.take, self, head, parts)

    def _ask(self) -> tuple[bytes, list[bytes]]:
        """Call the application: the head of its answer, and the first parts of the body."""
        started: list[Any] = []

        def start_response(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
            if exc_info is not None and self._is_begun:
                raise exc_info[1]
            if exc_info is None and started:
                raise RuntimeError("the answer was started before")
            started[:] = int(status[:3]), headers
            return self._write

        body = self._body = self._application(self.request.environ, start_response)
        if isinstance(body, list):
            self._parts += body
            self.end()
        else:
            self._chunks = iter(body)
            if not started:  # a generator starts its answer with the first chunk
                self._parts += islice(self._chunks, 1)
        self._is_begun = True
        status, headers = started
        return self._head(status, headers), self._framed()

    def _more(self) -> tuple[bytes, list[bytes]]:
        chunk = next(self._chunks, None)
        if chunk is None:
            self.end()
        else:
            self._parts.append(chunk)
        return b"", self._framed()

    def _write(self, part: bytes) -> None:
        """What an application may call before it gives the next chunk."""
        self._parts.append(part)

    def _head(self, status: int, headers: Headers) -> bytes:
        """The head, which says how long the body is, or how its end is told."""
        head = head_of(status, headers)
        length = announced_length(headers)
        request = self.request
        if status in _WITHOUT_BODY or request.environ["REQUEST_METHOD"] == "HEAD":
            self._parts.clear()
            self.end()
        elif length is not None:
            self._left = int(length)
        elif self.is_over:
            head += b"Content-Length: %d\r\n" % sum(map(len, self._parts))
        elif request.is_old:
            request.is_last = True
        else:
            self._is_chunked = True
            head += CHUNKED
        if request.is_last:
            return head + CLOSE
        return head + KEEP_ALIVE if request.is_old else head

    def _framed(self) -> list[bytes]:
        """The parts as they are sent.

        :raises ValueError: the body is not as long as was announced
        """
        parts, self._parts = self._parts, []
        if self._is_chunked:
            framed = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part]
            return [*framed, b"0\r\n\r\n"] if self.is_over else framed
        if self._left is not None:
            self._left -= sum(map(len, parts))
            if self._left < 0 or (self.is_over and self._left):
                raise ValueError(f"the body differs from its Content-Length by {-self._left} bytes")
        return parts
