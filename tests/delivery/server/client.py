"""A client of one connection, in process: slots work when told to, and the network has a size."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import h11

from fhir_service.delivery.server.connection import Connection, Shared
from fhir_service.delivery.server.request import environ_of_server
from fhir_service.delivery.wsgi import Application, Environ, Given

HIGH_WATER = 65_536


class Network(asyncio.Transport):
    """What uvloop's transport promises, with a client that takes nothing unless there is room."""

    def __init__(self, room: float) -> None:
        super().__init__({"peername": ("192.0.2.7", 4711)})
        self.protocol: Connection
        self.room = room
        self.taken = bytearray()
        self.is_heard = True
        self.is_ended = False
        """No more is sent."""
        self.is_aborted = False
        self.is_lost = False
        self._unsent = bytearray()
        self._is_full = False
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_ended, "nothing is written after the end"
        if self._is_closing:
            return
        self._unsent += data
        self._send()
        if len(self._unsent) > HIGH_WATER and not self._is_full:
            self._is_full = True
            self.protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def take(self, size: float = float("inf")) -> None:
        """The client takes some more."""
        self.room += size
        self._send()
        if self._is_full and len(self._unsent) <= 16:
            self._is_full = False
            self.protocol.resume_writing()
        if self._is_closing:
            self._lose()

    def _send(self) -> None:
        size = int(min(self.room, len(self._unsent)))
        self.taken += self._unsent[:size]
        del self._unsent[:size]
        self.room -= size

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    def pause_reading(self) -> None:
        self.is_heard = False

    def resume_reading(self) -> None:
        self.is_heard = True

    def write_eof(self) -> None:
        assert not self.is_lost
        self.is_ended = True

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True
        self._lose()

    def abort(self) -> None:
        self._is_closing = self.is_aborted = True
        self._unsent.clear()
        self._lose()

    def _lose(self) -> None:
        # Not from within a call of the protocol: `Client` says when.
        if not self._unsent:
            self.is_ended = True


class Client:
    """
    :param kept: answers by path that need no application
    :param room: bytes that the client takes before it takes no more
    """

    def __init__(
        self,
        application: Application,
        *,
        kept: dict[str, Given] | None = None,
        most_body: int = 1_000,
        room: float = float("inf"),
        shared: Shared | None = None,
    ) -> None:
        self.jobs: deque[Callable[[], None]] = deque()
        """For slots, which have not taken them yet."""
        self.counted = self.left = 0
        known = kept or {}

        def look(environ: Environ) -> str | None:
            return environ["PATH_INFO"] if environ["REQUEST_METHOD"] == "GET" else None

        self.shared = shared or Shared(
            application=application,
            look=look,
            kept=known.get,
            count=self._count,
            put=self.jobs.append,
            call=self._call,
            left=self._leave,
            environ=environ_of_server("127.0.0.1", 8_000),
            most_body=most_body,
        )
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._unread = bytearray()
        self._is_done = False
        self.network = Network(room)
        self.connection = self.network.protocol = Connection(self.shared)
        self.connection.connection_made(self.network)

    def _count(self) -> None:
        self.counted += 1

    def _leave(self) -> None:
        self.left += 1

    def _call(self, function: Callable[..., object], *given: Any) -> None:
        self._calls.append((function, given))

    # What the client does.

    def send(self, data: bytes) -> None:
        """Sent in one segment; what the server does not read yet stays in the network."""
        self._unread += data
        self._settle()

    def send_no_more(self) -> None:
        self._is_done = True
        self._settle()

    def take(self, size: float = float("inf")) -> None:
        self.network.take(size)
        self._settle()

    def vanish(self) -> None:
        """The connection is lost."""
        self.network.abort()
        self._settle()

    # What the server does.

    def work(self, jobs: int = 1_000) -> None:
        """Slots take that many jobs, and the connection takes what they made."""
        while jobs and self.jobs:
            jobs -= 1
            self.jobs.popleft()()
            self._settle()

    def pass_seconds(self, seconds: float) -> None:
        self.shared.now += seconds
        if self.connection.deadline < self.shared.now:
            self.connection.expire()
        self._settle()

    def _settle(self) -> None:
        """What the event loop would do."""
        while self._calls:
            function, given = self._calls.popleft()
            function(*given)
        if self.network.is_closing():
            if self.network.is_ended and not self.network.is_lost:
                self.network.is_lost = True
                self.connection.connection_lost(None)
        elif self.network.is_heard and self._unread:
            data = bytes(self._unread)
            self._unread.clear()
            self.connection.data_received(data)
            self._settle()
        elif self.network.is_heard and self._is_done:
            self._is_done = False
            if not self.connection.eof_received():
                self.network.close()
            self._settle()

    # What came of it.

    @property
    def received(self) -> bytes:
        return bytes(self.network.taken)

    @property
    def fate(self) -> str:
        """Of the connection."""
        if self.network.is_aborted:
            return "aborted"
        if self.network.is_closing():
            return "closed"
        return "ending" if self.network.is_ended else "open"

    def answers(self, *methods: str) -> list[Answer]:
        """What the client received, as h11 reads it, to requests of these methods."""
        return read_answers(self.received, methods, is_at_end=self.network.is_ended)

    def statuses(self, *methods: str) -> list[int]:
        return [one.status for one in self.answers(*methods)]


class Answer:
    def __init__(self, response: h11.Response, told: list[int]) -> None:
        self.status = response.status_code
        self.headers = {name.decode(): value.decode("latin-1") for name, value in response.headers}
        self.told_before = told
        """Statuses that are not final."""
        self.body = b""
        self.trailers: list[tuple[bytes, bytes]] = []


def read_answers(received: bytes, methods: Iterable[str] = (), *, is_at_end: bool = True) -> list[Answer]:
    """:raises h11.RemoteProtocolError: not a sequence of whole answers"""
    answers: list[Answer] = []
    asked = deque(methods)
    while received:
        connection = h11.Connection(h11.CLIENT)
        method = asked.popleft() if asked else "GET"
        connection.send(h11.Request(method=method, target="/", headers=[("Host", "h")]))
        connection.send(h11.EndOfMessage())
        connection.receive_data(received)
        told: list[int] = []
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                assert is_at_end, "the answer is not whole"
                connection.receive_data(b"")
            elif isinstance(event, h11.InformationalResponse):
                told.append(event.status_code)
            elif isinstance(event, h11.Response):
                answers.append(Answer(event, told))
            elif isinstance(event, h11.Data):
                answers[-1].body += event.data
            else:
                assert isinstance(event, h11.EndOfMessage)
                break
        received = connection.trailing_data[0]
    return answers


class Body:
    """The body of an answer that is made chunk by chunk, and knows what became of it."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self.given = 0
        self.closed = 0

    def __iter__(self) -> Body:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self.given += 1
        return chunk

    def close(self) -> None:
        self.closed += 1


class Recorder:
    """An application that remembers what it was asked, and answers with what it was given to."""

    def __init__(
        self,
        status: str = "200 OK",
        headers: list[tuple[str, str]] | None = None,
        body: Callable[[Environ], Iterable[bytes]] = lambda _environ: [b"made"],
    ) -> None:
        self.asked: list[Environ] = []
        self.bodies: list[bytes] = []
        self._answer = status, headers or [], body

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.append(environ)
        self.bodies.append(environ["wsgi.input"].read())
        status, headers, body = self._answer
        start_response(status, headers)
        return body(environ)
