"""What the applications beside Flask share: their types, and answers given and taken as PEP 3333 asks.

https://peps.python.org/pep-3333/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wsgi import get_content_length, get_input_stream

from fhir_service.delivery.server.head import head_of
from fhir_service.errors import Invalid, TooLarge

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

STATUS_LINES = {status: f"{status} {name.upper()}" for status, name in HTTP_STATUS_CODES.items()}


class Given:
    """An answer that is whole.

    Its headers are kept as one tuple of names and values, and the head is made when it is first wanted. Many
    thousands may be kept, and whatever has objects within is looked through for garbage.
    """

    __slots__ = ("status", "body", "_told", "_head")

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.status = status
        self.body = body
        self._told = tuple(chain.from_iterable(headers))
        self._head = b""

    @property
    def headers(self) -> Headers:
        return [*zip(self._told[::2], self._told[1::2], strict=True)]

    @property
    def head(self) -> bytes:
        """As it is sent, but for the date."""
        if not self._head:
            self._head = head_of(self.status, self.headers)
        return self._head

    @property
    def size(self) -> int:
        """Bytes of the body and of what stands in the headers."""
        return len(self.body) + sum(map(len, self._told))


@dataclass(slots=True)
class Answer:
    """An answer before it is sent. A body that is not bytes is a file, which is read as it is sent."""

    status: int
    headers: dict[str, str]
    body: bytes | Iterable[bytes] = b""


def send(answer: Answer, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Start the answer, and give its body, which HEAD does not get."""
    start_response(STATUS_LINES[answer.status], list(answer.headers.items()))
    # A list, which the server sends at once; every other iterable it streams.
    body = [answer.body] if isinstance(answer.body, bytes) else answer.body
    if environ["REQUEST_METHOD"] == "HEAD":
        close(body)
        return []
    return body


def refuse_line_breaks(headers: Mapping[str, str]) -> None:
    """ValueError for a value that would be read as another header, or as the body."""
    told = "".join(headers.values())
    if "\r" in told or "\n" in told:
        raise ValueError("a header value has a line break")


def body_of(environ: Environ, most: int) -> bytes:
    """The body of a request, which is of known length or ended by the server.

    Of a body that is sent in chunks Werkzeug would read as much as is allowed, and not tell of the rest.
    Where the connection is lost, some servers give what came until then, as if that were all.

    :raises TooLarge: it has more bytes than `most`
    :raises Invalid: it has fewer than were announced
    """
    announced = get_content_length(environ) or 0
    body = b"" if announced > most else get_input_stream(environ, max_content_length=most + 1).read()
    if max(announced, len(body)) > most:
        raise TooLarge(f"The body is larger than {most} bytes, the most that is taken here.")
    if len(body) < announced:
        raise Invalid(
            f"The body ends after {len(body)} of {announced} bytes.",
            issue_code="structure",
            expression=("http.Content-Length",),
        )
    return body


def address_of(environ: Environ) -> str:
    """The path that was asked for, with one slash before it; bytes that are no UTF-8 are replaced."""
    path: str = environ["PATH_INFO"]
    if not path.isascii():
        path = path.encode("latin1").decode(errors="replace")
    return "/" + path.lstrip("/")


def first_part(path: str) -> str:
    """`topics` of /topics//x: what tells the doors apart."""
    return path.partition("/")[2].partition("/")[0]


def announced_length(headers: Headers) -> str | None:
    """The Content-Length, if there is one."""
    for name, value in headers:
        if name.lower() == "content-length":
            return value
    return None


def joined(chunks: Iterable[bytes]) -> bytes:
    """The whole body of an answer, which is closed then."""
    try:
        return b"".join(chunks)
    finally:
        close(chunks)


def close(chunks: Iterable[bytes]) -> None:
    """Every answer is closed by whoever takes it, also one that is not read."""
    closing = getattr(chunks, "close", None)
    if closing is not None:
        closing()
