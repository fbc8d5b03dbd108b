"""The head of an answer, as bytes: https://www.rfc-editor.org/rfc/rfc9112#section-4"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

_STATUS_LINES = {one.value: f"HTTP/1.1 {one.value} {one.phrase}" for one in HTTPStatus}

CHUNKED = b"Transfer-Encoding: chunked\r\n"
CLOSE = b"Connection: close\r\n"
# HTTP/1.0 closes otherwise.
KEEP_ALIVE = b"Connection: keep-alive\r\n"


def head_of(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """The status line and the headers; the date and the empty line at the end are still to come.

    :raises ValueError: a header would be read as two, or as the body
    """
    lines = [
        _STATUS_LINES.get(status) or f"HTTP/1.1 {status} ",
        *[f"{name}: {value}" for name, value in headers],
    ]
    told = "\r\n".join(lines)
    if told.count("\n") != len(lines) - 1 or told.count("\r") != len(lines) - 1:
        raise ValueError("a header has a line break")
    return f"{told}\r\n".encode("latin-1")
