"""A request as it is read, and as the environment of a WSGI application.

https://peps.python.org/pep-3333/#environ-variables and https://www.rfc-editor.org/rfc/rfc9112#section-3
"""

from __future__ import annotations

import sys
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

import httptools

from fhir_service.delivery.wsgi import Environ

MOST_HEAD = 65_534
"""Bytes of an address, and of all headers."""
MOST_HEADERS = 100

_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")
_ONCE = ("HTTP_HOST", *_WITHOUT_PREFIX)


class Refused(Exception):
    """What the application is not asked about."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def environ_of_server(name: str, port: int) -> Environ:
    """What is the same for every request."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": name,
        "SERVER_PORT": str(port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }


class Request:
    """
    :param environ: what is known before it is read; the rest is added
    """

    __slots__ = (
        "environ", "target", "headers", "head_size", "is_head_read", "announced", "body", "size", "is_last"
    )  # fmt: skip

    def __init__(self, environ: Environ) -> None:
        self.environ = environ
        self.target = b""
        self.headers = 0
        self.head_size = 0
        self.is_head_read = False
        self.announced = 0
        self.body: list[bytes] = []
        self.size = 0
        """Bytes of the body that are held."""
        self.is_last = False
        """The connection ends with its answer."""

    def add_target(self, part: bytes) -> None:
        self.target += part
        if len(self.target) > MOST_HEAD:
            raise Refused(HTTPStatus.REQUEST_URI_TOO_LONG, f"An address has at most {MOST_HEAD:,} bytes.")

    def add_header(self, name: bytes, value: bytes) -> None:
        """A line of the head; those after a body in chunks are only counted."""
        self.headers += 1
        self.head_size += len(name) + len(value)
        if self.headers > MOST_HEADERS or self.head_size > MOST_HEAD:
            raise _too_large()
        key = variable(name)
        if key is None or self.is_head_read:
            return
        told, before = value.decode("latin-1"), self.environ.get(key)
        if before is not None:
            if key in _ONCE:
                raise Refused(HTTPStatus.BAD_REQUEST, f"{name.decode('latin-1')} came twice.")
            # https://www.rfc-editor.org/rfc/rfc9110#section-5.3 and https://www.rfc-editor.org/rfc/rfc6265#section-5.4
            told = f"{before}{'; ' if key == 'HTTP_COOKIE' else ', '}{told}"
        self.environ[key] = told

    def count_unfinished(self, size: int) -> None:
        """Bytes of a head that is still not whole: the parser keeps a line until its end."""
        if not self.is_head_read:
            self.head_size += size
            if self.head_size > 2 * MOST_HEAD:
                raise _too_large()

    def end_head(self, method: bytes, version: str) -> None:
        environ = self.environ
        self.is_head_read = True
        self.headers = self.head_size = 0
        environ["REQUEST_METHOD"] = method.decode()
        environ["SERVER_PROTOCOL"] = f"HTTP/{version}"
        target = self.target if self.target.startswith(b"/") else self._path_of_target()
        path, _, query = target.partition(b"?")
        environ["PATH_INFO"] = (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")
        environ["QUERY_STRING"] = query.decode("latin-1")
        if version == "1.1":
            if "HTTP_HOST" not in environ:
                raise Refused(HTTPStatus.BAD_REQUEST, "A request of HTTP/1.1 has a Host header.")
        elif version != "1.0":
            raise Refused(
                HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "Only HTTP/1.1 and HTTP/1.0 are spoken here."
            )
        if "HTTP_TRANSFER_ENCODING" in environ:
            self._check_coding(environ["HTTP_TRANSFER_ENCODING"])
        elif "CONTENT_LENGTH" in environ:
            self.announced = int(environ["CONTENT_LENGTH"])

    @property
    def is_old(self) -> bool:
        """Of HTTP/1.0, where a connection ends with the answer unless something else was agreed on."""
        return bool(self.environ["SERVER_PROTOCOL"] == "HTTP/1.0")

    @property
    def waits_to_send_body(self) -> bool:
        """https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1"""
        if "HTTP_EXPECT" not in self.environ or self.is_old:
            return False
        has_body = self.announced or "HTTP_TRANSFER_ENCODING" in self.environ
        return bool(has_body) and self.environ["HTTP_EXPECT"].lower() == "100-continue"

    def _path_of_target(self) -> bytes:
        """The path and query of `*`, or of a URL, whose host counts in place of the header's."""
        if self.target == b"*":
            return b"/*"
        try:
            url: Any = httptools.parse_url(self.target)
        except httptools.HttpParserInvalidURLError:
            url = None
        if url is None or url.schema not in (b"http", b"https") or not url.host:
            raise Refused(HTTPStatus.BAD_REQUEST, "The request's target is neither a path nor a URL.")
        host = b"[%b]" % url.host if b":" in url.host else url.host
        self.environ["HTTP_HOST"] = (b"%b:%d" % (host, url.port) if url.port else host).decode("latin-1")
        path = url.path or b"/"
        return path + b"?" + url.query if url.query else path

    def _check_coding(self, told: str) -> None:
        """https://www.rfc-editor.org/rfc/rfc9112#section-6.1"""
        if self.is_old:
            raise Refused(HTTPStatus.BAD_REQUEST, "A request of HTTP/1.0 has no Transfer-Encoding.")
        if told.lower() != "chunked":
            raise Refused(HTTPStatus.NOT_IMPLEMENTED, "The only Transfer-Encoding that is read is `chunked`.")


# The names are the clients' own: few are remembered.
@lru_cache(maxsize=256)
def variable(name: bytes) -> str | None:
    """What a header is called in the environment.

    None for `Content_Length`, which would pass for `Content-Length` there.
    """
    if b"_" in name:
        return None
    told = name.decode("latin-1").upper().replace("-", "_")
    return told if told in _WITHOUT_PREFIX else f"HTTP_{told}"


def _too_large() -> Refused:
    return Refused(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        f"A request has at most {MOST_HEADERS} headers, of {MOST_HEAD:,} bytes together.",
    )
