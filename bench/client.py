"""A client cheap enough not to be what is measured: prepared bytes over one connection, an answer not parsed.

https://www.rfc-editor.org/rfc/rfc9112

Each client is a process of its own. wrk is cheaper still, but knows no conversation, in which what is asked
next depends on an answer.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TypeVar
from urllib.parse import urlsplit

_PIECE = 1 << 16

Result = TypeVar("Result")


@dataclass(frozen=True)
class Answer:
    status: int
    head: bytes
    body: memoryview
    """until the next request: the buffer is used again"""

    def header(self, name: bytes) -> bytes:
        """Its value, or nothing."""
        start = self.head.lower().find(b"\r\n" + name + b":")
        if start < 0:
            return b""
        return self.head[start + len(name) + 3 : self.head.index(b"\r\n", start + 2)].strip()


class Connection:
    """Sends one request after another to the host of a base URL, and waits for each answer."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        if parts.scheme != "http" or parts.hostname is None:
            raise ValueError(f"{base}: only http:// can be measured with this client")
        self._address = (parts.hostname, parts.port or 80)
        self._host = parts.netloc.encode()
        self._buffer = bytearray(_PIECE)
        self._socket = self._connected()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, method: bytes, path: bytes, body: bytes = b"") -> Answer:
        """Nothing is taken from a cache: k6 in the benchmark of row 9 asks the same."""
        head = b"%s %s HTTP/1.1\r\nHost: %s\r\nCache-Control: no-cache\r\n" % (method, path, self._host)
        if body or method in (b"POST", b"PUT"):
            head += b"Content-Type: application/fhir+json\r\nContent-Length: %d\r\n" % len(body)
        self._socket.sendall(head + b"\r\n" + body)
        answer = self._answer()
        if answer.header(b"connection").lower() == b"close":
            self.renew()
        return answer

    def renew(self) -> None:
        """Go on over another connection, which another worker of the server may get."""
        self._socket.close()
        self._socket = self._connected()

    def _connected(self) -> socket.socket:
        connected = socket.create_connection(self._address, timeout=60)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def _answer(self) -> Answer:
        there, end = 0, -1
        while end < 0:
            there += self._received(there, _PIECE)
            end = self._buffer.find(b"\r\n\r\n", 0, there)
        answer = Answer(int(self._buffer[9:12]), bytes(self._buffer[: end + 2]), memoryview(b""))
        if answer.header(b"transfer-encoding").lower() == b"chunked":
            return Answer(answer.status, answer.head, self._chunks(end + 4, there))
        whole = end + 4 + int(answer.header(b"content-length") or 0)
        while there < whole:
            there += self._received(there, whole - there)
        return Answer(answer.status, answer.head, memoryview(self._buffer)[end + 4 : whole])

    def _chunks(self, place: int, there: int) -> memoryview:
        """Put together; https://www.rfc-editor.org/rfc/rfc9112#section-7.1"""
        body, size = bytearray(), -1
        while size:
            while (end := self._buffer.find(b"\r\n", place, there)) < 0:
                there += self._received(there, _PIECE)
            size = int(self._buffer[place:end].split(b";")[0], 16)
            while there < end + size + 4:
                there += self._received(there, end + size + 4 - there)
            body += self._buffer[end + 2 : end + 2 + size]
            place = end + size + 4
        return memoryview(body)

    def _received(self, there: int, wanted: int) -> int:
        if len(self._buffer) < there + wanted:
            # A new one: the last answer's view keeps the old one as it is.
            self._buffer = self._buffer[:there] + bytearray(wanted)
        count = self._socket.recv_into(memoryview(self._buffer)[there : there + wanted])
        if not count:
            raise ConnectionError("the server closed the connection in the middle of an answer")
        return count


def at_once(clients: int, work: Callable[[int], Result]) -> list[Result]:
    """What each of so many processes found, which all do the work, each with its number."""
    with ProcessPoolExecutor(clients, get_context("fork")) as pool:
        return list(pool.map(work, range(clients)))
