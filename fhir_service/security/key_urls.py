"""Key sets at URLs that the operator named: fetched, kept for a while, asked for again with care.

https://www.rfc-editor.org/rfc/rfc7517#section-5 and https://www.rfc-editor.org/rfc/rfc7515#section-4.1.2

A set is kept for an hour. A kid that is not in it asks again, for a client may have made a new key, but not
twice within a minute, or a stranger could make this service call that URL at will. A redirect is not
followed: it would lead to a URL that nobody named.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from joserfc.jwk import KeySet

from fhir_service.errors import Unavailable
from fhir_service.security.errors import KeyFileError
from fhir_service.security.keys import ASSERTION_ALGORITHMS, public_keys

KEPT_SECONDS = 3600
ASKED_AGAIN_SECONDS = 60
TIMEOUT_SECONDS = 3
LARGEST = 100_000


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER: OpenerDirector = build_opener(_NoRedirect)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a URL answered at a time; no keys: it did not answer."""

    keys: KeySet | None
    at: int


class KeyUrls:
    """The key sets of named URLs; `now` gives seconds since 1970."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._kept: dict[str, _Kept] = {}
        # One for each URL, so that a slow one holds up nobody but its own clients.
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def keys(self, url: str, kid: Any) -> KeySet:
        """The key set at a URL, with the newest keys if it has none of this kid; Unavailable without any."""
        with self._locks[url]:
            kept = self._kept.get(url)
            if kept is None or self._is_due(kept, kid):
                fetched = _fetch(url)
                last = kept.keys if kept else None
                kept = self._kept[url] = _Kept(fetched or last, self._now())
        if kept.keys is None:
            raise Unavailable("The keys of the CDS client cannot be fetched now; try again later.")
        return kept.keys

    def _is_due(self, kept: _Kept, kid: Any) -> bool:
        age = self._now() - kept.at
        if kept.keys is not None and any(key.kid == kid for key in kept.keys.keys):
            return age >= KEPT_SECONDS
        return age >= ASKED_AGAIN_SECONDS


def _fetch(url: str) -> KeySet | None:
    """The usable keys at a URL; None where there are none now."""
    asked = Request(url, headers={"Accept": "application/json"})
    try:
        with _OPENER.open(asked, timeout=TIMEOUT_SECONDS) as answer:
            content = answer.read(LARGEST + 1)
        return public_keys(json.loads(content), ASSERTION_ALGORITHMS) if len(content) <= LARGEST else None
    except (URLError, OSError, ValueError, RecursionError, KeyFileError):
        return None
