"""The response cache: repeated anonymous reads are answered from bytes, before Flask sees them.

https://www.rfc-editor.org/rfc/rfc9111 and design, decision 8

    asked without credentials, GET or HEAD -> the key of what the answer depends on
      an entry under the current change token -> its bytes, or 304
      otherwise                               -> the application; a good answer is kept under the token
                                                 that was read before the application was asked

A token that was read before the query can only be too old: then the entry is thrown away once too often, and
no answer is ever stale. On PostgreSQL, where a token costs a way to the server, it is up to 100 ms old.
What needs neither that way nor the application is given by `kept`, which never waits (delivery/server). What
a request asks it for, its `Look`, follows from its head, and does not tell what stood there.
The key is a digest with a secret of the process, so that nobody's query stands in memory in the clear; the
doors whose queries tell of a patient are left out altogether.
"""

from __future__ import annotations

import gzip
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from fhir_service.delivery.wsgi import STATUS_LINES, Application, Environ, Given, Headers, close, joined

KEPT = "kept answers"
"""Among an application's extensions, by name: `look` and `kept` of its cache, and what counts answers."""
MOST_BYTES = 64_000_000
"""What all entries of a worker may hold together, keys included."""
_LARGEST_ENTRY = 4_000_000
_OVERHEAD = 1_900
"""What an entry costs besides its bytes, when all has been asked for: measured with tracemalloc."""
_SMALLEST_COMPRESSED = 1_000
_COMPRESSION = 6

# What an answer may depend on besides its address; the same for every door, so that no door can forget one.
_VARIED = ("PATH_INFO", "QUERY_STRING", "HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_PREFER", "HTTP_ORIGIN")
# With one of these the request is for the application alone; with Cache-Control it depends on what it says.
_PASSED_BY = frozenset((
    "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_RANGE", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH",
    "HTTP_IF_UNMODIFIED_SINCE", "HTTP_PRAGMA", "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING",
))  # fmt: skip
_SPECIAL = _PASSED_BY | {"HTTP_CACHE_CONTROL"}
_PERSONAL_PATHS = ("/infobutton", "/cds-services", "/auth")
_NOT_KEPT = ("no-store", "private")
_REFUSED = ("q=0", "q=0.0", "q=0.00", "q=0.000")
# What a 200 would have told and a cache may need; what is about the body is left out:
# https://www.rfc-editor.org/rfc/rfc9110#status.304
_OF_304 = frozenset(
    ("cache-control", "content-location", "date", "etag", "expires", "last-modified", "vary")
    + ("access-control-allow-origin", "access-control-expose-headers", "topic-content")
    + ("x-content-type-options", "content-security-policy", "link")
)


@dataclass(frozen=True, slots=True)
class Look:
    """What a request asks the cache for."""

    key: bytes
    wished: str | None
    """If-None-Match"""
    accepted: str | None
    """Accept-Encoding"""


@dataclass(slots=True)
class Entry:
    """An answer, and once somebody has asked for them, its 304 and the same compressed."""

    token: object
    whole: Given
    etag: str = ""
    unchanged: Given | None = None
    compressed: Given | None = None
    was_used: bool = False

    @property
    def size(self) -> int:
        compressed = len(self.compressed.body) if self.compressed else 0
        return _OVERHEAD + self.whole.size + compressed

    def answer_to(self, look: Look) -> Given | None:
        """What GET is given; None for what has to be compressed first."""
        wished, accepted = look.wished, look.accepted
        if wished and self.etag and (wished == self.etag or _matches(wished, self.etag)):
            if self.unchanged is None:
                of_304 = [one for one in self.whole.headers if one[0].lower() in _OF_304]
                self.unchanged = Given(304, of_304, b"")
            return self.unchanged
        if accepted and len(self.whole.body) >= _SMALLEST_COMPRESSED and _takes_gzip(accepted):
            return self.compressed
        return self.whole


@dataclass
class Store:
    """Entries by key, bounded in bytes.

    The oldest goes first; one that was used is as new as any, once: to put each in its place whenever it is
    used would cost more than to look at some again.
    """

    most_bytes: int = MOST_BYTES
    held: int = 0
    # In the order in which they came. A plain dict would look for its first one behind all that have gone.
    _entries: OrderedDict[bytes, Entry] = field(default_factory=OrderedDict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: bytes, token: object) -> Entry | None:
        """The entry, if it was made under this token."""
        entry = self._entries.get(key)
        if entry is None or entry.token != token:
            return None
        entry.was_used = True
        return entry

    def put(self, key: bytes, entry: Entry) -> None:
        with self._guard:
            self._drop(key)
            self._entries[key] = entry
            self.held += entry.size
            while self.held > self.most_bytes:
                self._pass_by_or_drop(next(iter(self._entries)))

    def compress(self, key: bytes, entry: Entry) -> Given:
        """The entry's answer compressed; done once. mtime 0: the same bytes on every instance."""
        with self._guard:
            if entry.compressed is None:
                whole = entry.whole
                body = gzip.compress(whole.body, _COMPRESSION, mtime=0)
                entry.compressed = Given(whole.status, _as_compressed(whole.headers, len(body)), body)
                if self._entries.get(key) is entry:
                    self.held += len(body)
            return entry.compressed

    def _pass_by_or_drop(self, key: bytes) -> None:
        entry = self._entries[key]
        if entry.was_used:
            entry.was_used = False
            self._entries.move_to_end(key)
        else:
            self._drop(key)

    def _drop(self, key: bytes) -> None:
        dropped = self._entries.pop(key, None)
        if dropped is not None:
            self.held -= dropped.size


class ResponseCache:
    """What answers in place of a WSGI application; `answer` is one itself.

    :param token: differs after every change of what is served
    :param address: what the service's own address in an answer depends on, by names of the environment
    :param known: the same, where nobody has to be asked for it, otherwise None
    :param count: called for each answer that `answer` gives without the application
    """

    def __init__(
        self,
        application: Application,
        token: Callable[[], object],
        address: Sequence[str],
        store: Store | None = None,
        known: Callable[[], object | None] = lambda: None,
        count: Callable[[], None] = lambda: None,
    ) -> None:
        self._application = application
        self._token = token
        self._known = known
        self._count = count
        self._varied = (*_VARIED, *address)
        self._absent = ("",) * len(self._varied)
        self._store = store or Store()
        self._keyed = blake2b(digest_size=24, key=secrets.token_bytes(32))

    def look(self, environ: Environ) -> Look | None:
        """What a GET asks for; None for what `answer` has to look at, as for all other requests.

        Nothing will be found of personal doors, since nothing is put.
        """
        if environ["REQUEST_METHOD"] != "GET" or _is_special(environ):
            return None
        return self._look(environ)

    def kept(self, look: Look) -> Given | None:
        """What is given at once; None for what has to be asked or compressed first."""
        token = self._known()
        if token is None:
            return None
        entry = self._store.get(look.key, token)
        return None if entry is None else entry.answer_to(look)

    def answer(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not _may_be_kept(environ):
            return self._application(environ, start_response)
        try:
            token = self._token()
        except Exception:  # the database does not answer, which is for the application to tell
            return self._application(environ, start_response)
        look = self._look(environ)
        entry = self._store.get(look.key, token)
        if entry is None:
            found = self._ask(environ, start_response, look.key, token)
            if not isinstance(found, Entry):
                return found
            entry = found
        else:
            self._count()
        given = entry.answer_to(look) or self._store.compress(look.key, entry)
        start_response(STATUS_LINES[given.status], given.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [given.body]

    def _look(self, environ: Environ) -> Look:
        told = "\0".join(map(environ.get, self._varied, self._absent))
        key = self._keyed.copy()
        key.update(told.encode("utf-8", "surrogateescape"))
        asked = environ.get
        return Look(key.digest(), asked("HTTP_IF_NONE_MATCH"), asked("HTTP_ACCEPT_ENCODING"))

    def _ask(
        self, environ: Environ, start_response: Callable[..., Any], key: bytes, token: object
    ) -> Entry | Iterable[bytes]:
        """The application's answer: as an entry when it may be kept, otherwise as it is."""
        whole = environ
        if environ["REQUEST_METHOD"] == "HEAD" or "HTTP_IF_NONE_MATCH" in environ:
            whole = environ | {"REQUEST_METHOD": "GET"}  # HEAD is answered from what GET would get
            whole.pop("HTTP_IF_NONE_MATCH", None)
        started: list[Any] = []

        def start(status: str, headers: Headers, exc_info: Any = None) -> None:
            started[:] = (status, headers)

        chunks = self._application(whole, start)
        status, headers = started
        told = {name.lower(): value for name, value in headers}
        if not _is_kept(status, told):
            start_response(status, headers)
            if environ["REQUEST_METHOD"] == "HEAD":
                close(chunks)
                return ()
            return chunks
        body = joined(chunks)
        if len(body) >= _SMALLEST_COMPRESSED:
            headers = _varied(headers, told.get("vary"))
        entry = Entry(token, Given(200, headers, body), told.get("etag", ""))
        self._store.put(key, entry)
        return entry


def _may_be_kept(environ: Environ) -> bool:
    """Whether the request is one that anybody could have sent, and that asks for nothing special."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return False
    return not _is_special(environ) and not environ["PATH_INFO"].startswith(_PERSONAL_PATHS)


def _is_special(environ: Environ) -> bool:
    if environ.keys().isdisjoint(_SPECIAL):
        return False
    # no-cache, no-store
    return "no-" in environ.get("HTTP_CACHE_CONTROL", "").lower() or not environ.keys().isdisjoint(_PASSED_BY)


def _is_kept(status: str, told: Mapping[str, str]) -> bool:
    """Whether the answer with these headers is good for everybody, and small enough."""
    if not status.startswith("200 ") or "set-cookie" in told or "content-encoding" in told:
        return False
    length, control = told.get("content-length", ""), told.get("cache-control", "")
    if not length.isdecimal() or int(length) > _LARGEST_ENTRY:
        return False
    return bool(control) and not any(word in control for word in _NOT_KEPT)


def _varied(headers: Headers, vary: str | None) -> Headers:
    """The headers of an answer that may also be had compressed."""
    others = [one for one in headers if one[0].lower() != "vary"]
    return [*others, ("Vary", f"{vary}, Accept-Encoding" if vary else "Accept-Encoding")]


def _as_compressed(headers: Headers, length: int) -> Headers:
    """https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.3: other bytes, so never a strong validator."""
    changed = []
    for name, value in headers:
        match name.lower():
            case "content-length":
                changed.append((name, str(length)))
            case "etag" if not value.startswith("W/"):
                changed.append((name, f"W/{value}"))
            case _:
                changed.append((name, value))
    changed.append(("Content-Encoding", "gzip"))
    return changed


def _takes_gzip(accepted: str) -> bool:
    """https://www.rfc-editor.org/rfc/rfc9110#field.accept-encoding"""
    if "gzip" not in accepted:
        return False
    for one in accepted.split(","):
        name, _, quality = one.strip().partition(";")
        if name.strip().lower() == "gzip":
            return quality.replace(" ", "").lower() not in _REFUSED
    return False


def _matches(wished: str, etag: str) -> bool:
    """A weak comparison: https://www.rfc-editor.org/rfc/rfc9110#field.if-none-match"""
    if wished.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(one.strip().removeprefix("W/") == opaque for one in wished.split(","))
