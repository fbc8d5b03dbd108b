"""A request as it is read, and as the environment of a WSGI application.

https://peps.python.org/pep-3333/#environ-variables and https://www.rfc-editor.org/rfc/rfc9112#section-3
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from urllib.parse import unquote_to_bytes

from fhir_service.delivery.wsgi import Environ

MOST_HEAD = 65_534
"""Bytes of an address, and of all headers."""
MOST_HEADERS = 100

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(:[0-9]*)?", re.ASCII)
# Neither user information, which is for deceit, nor a fragment, which is the client's own.
_URL = re.compile(rb"(?i:https?)://(?P<host>[^/?#]+)(?P<path>/[^?#]*)?(?P<query>(\?[^#]*)?)")
_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")
_SHORT = 64
_VERSIONS = ("1.1", "1.0")
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
        "environ", "target", "headers", "head_size", "unfinished", "is_head_read",
        "announced", "body", "size", "is_last",
    )  # fmt: skip

    def __init__(self, environ: Environ) -> None:
        self.environ = environ
        self.target = b""
        self.headers = 0
        self.head_size = 0
        self.unfinished = 0
        self.is_head_read = False
        self.announced = 0
        self.body: BytesIO | None = None
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
        # Blanks around a value are none of it; the parser takes those before it.
        told, before = value.decode("latin-1").rstrip(" \t"), self.environ.get(key)
        if before is not None:
            if key in _ONCE:
                raise Refused(HTTPStatus.BAD_REQUEST, f"{name.decode('latin-1')} came twice.")
            # https://www.rfc-editor.org/rfc/rfc9110#section-5.3 and https://www.rfc-editor.org/rfc/rfc6265#section-5.4
            told = f"{before}{'; ' if key == 'HTTP_COOKIE' else ', '}{told}"
        self.environ[key] = told

    def add_body(self, part: bytes) -> None:
        if self.body is None:
            self.body = BytesIO()  # pieces of a byte or two would take many times their size in a list
        self.body.write(part)
        self.size += len(part)
        self.unfinished = 0

    def count_unfinished(self, size: int) -> None:
        """Bytes that may be those of a line which never ends, and which the parser keeps."""
        self.unfinished += size
        if self.unfinished > 3 * MOST_HEAD:  # an address, the headers, and what stands between them
            raise _too_large()

    def end_head(self, method: bytes, version: str) -> None:
        environ = self.environ
        self.is_head_read = True
        self.headers = self.head_size = self.unfinished = 0
        environ["REQUEST_METHOD"] = method.decode()
        environ["SERVER_PROTOCOL"] = f"HTTP/{version}"
        if version not in _VERSIONS:
            raise other_version()
        if not _is_host(environ.get("HTTP_HOST", None if version == "1.1" else "")):
            raise Refused(
                HTTPStatus.BAD_REQUEST, "A request of HTTP/1.1 has a Host header, which names a host."
            )
        target = self.target
        if not target.startswith(b"/") or b"#" in target or method == b"CONNECT":
            target = self._path_of_target()
        path, _, query = target.partition(b"?")
        environ["PATH_INFO"] = (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")
        environ["QUERY_STRING"] = query.decode("latin-1")
        if "HTTP_TRANSFER_ENCODING" in environ:
            self._check_coding(environ["HTTP_TRANSFER_ENCODING"])
        elif "CONTENT_LENGTH" in environ:
            # The parser has read it, and it is a number; int() would refuse one with thousands of zeros.
            self.announced = int(environ["CONTENT_LENGTH"].lstrip("0") or "0")

    @property
    def is_old(self) -> bool:
        """Of HTTP/1.0, where a connection ends with the answer unless something else was agreed on."""
        return bool(self.environ["SERVER_PROTOCOL"] == "HTTP/1.0")

    @property
    def waits_to_send_body(self) -> bool:
        """https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1"""
        if "HTTP_EXPECT" not in self.environ or not self.is_head_read or self.is_old:
            return False
        return self.has_body and self.environ["HTTP_EXPECT"].lower() == "100-continue"

    @property
    def has_body(self) -> bool:
        return self.announced > 0 or "HTTP_TRANSFER_ENCODING" in self.environ

    @property
    def head_of_body(self) -> bytes:
        """A head that tells a parser no more than where the body ends, after which nothing may come."""
        in_chunks = "HTTP_TRANSFER_ENCODING" in self.environ
        told = b"Transfer-Encoding: chunked" if in_chunks else b"Content-Length: %d" % self.announced
        return b"POST / HTTP/1.1\r\nConnection: close\r\n%b\r\n\r\n" % told

    def _path_of_target(self) -> bytes:
        """The path and query of `*`, or of a URL, whose host counts in place of the header's."""
        method = self.environ["REQUEST_METHOD"]
        if method == "CONNECT":
            raise Refused(HTTPStatus.NOT_IMPLEMENTED, "No connections to others are made here.")
        if self.target == b"*" and method == "OPTIONS":
            return b"/*"
        url = _URL.fullmatch(self.target)
        host = url["host"].decode("latin-1") if url else None
        if url is None or not host or not _is_host(host):
            raise Refused(HTTPStatus.BAD_REQUEST, "The request's target is neither a path nor a URL.")
        self.environ["HTTP_HOST"] = host
        return (url["path"] or b"/") + url["query"]

    def _check_coding(self, told: str) -> None:
        """https://www.rfc-editor.org/rfc/rfc9112#section-6.1"""
        if self.is_old:
            raise Refused(HTTPStatus.BAD_REQUEST, "A request of HTTP/1.0 has no Transfer-Encoding.")
        if told.lower() != "chunked":
            raise Refused(HTTPStatus.NOT_IMPLEMENTED, "The only Transfer-Encoding that is read is `chunked`.")


def other_version() -> Refused:
    return Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")


# What clients say is their own: little of it is remembered.
@lru_cache(maxsize=64)
def _is_host(told: str | None) -> bool:
    """https://www.rfc-editor.org/rfc/rfc9110#section-7.2; an empty one says that the target has none."""
    return told is not None and _HOST.fullmatch(told) is not None


def variable(name: bytes) -> str | None:
    """What a header is called in the environment.

    None for `Content_Length`, which would pass for `Content-Length` there.
    """
    return _short_variable(name) if len(name) <= _SHORT else _variable(name)


def _variable(name: bytes) -> str | None:
    if b"_" in name:
        return None
    told = name.decode("latin-1").upper().replace("-", "_")
    return told if told in _WITHOUT_PREFIX else f"HTTP_{told}"


_short_variable = lru_cache(maxsize=256)(_variable)


def _too_large() -> Refused:
    return Refused(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        f"A request has at most {MOST_HEADERS} headers, of {MOST_HEAD:,} bytes together.",
    )
