"""A searchset Bundle, joined from the stored bytes of its resources without parsing them.

https://hl7.org/fhir/R4/bundle.html#searchset
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `body` is the resource as JSON bytes, `mode` is match, include or outcome."""

    full_url: str
    body: bytes
    mode: str


def searchset(entries: Sequence[Entry], links: Sequence[tuple[str, str]], total: int | None) -> bytes:
    """The Bundle as JSON bytes; `links` are (relation, url) pairs and must hold `self`."""
    head: dict[str, object] = {"resourceType": "Bundle", "type": "searchset"}
    if total is not None:
        head["total"] = total
    head["link"] = [{"relation": relation, "url": url} for relation, url in links]
    opening = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    if not entries:  # FHIR has no empty arrays
        return opening
    joined = b",".join(_entry(entry) for entry in entries)
    return b"".join((opening[:-1], b',"entry":[', joined, b"]}"))


def _entry(entry: Entry) -> bytes:
    full_url = json.dumps(entry.full_url, ensure_ascii=False).encode()
    mode = entry.mode.encode()
    return b"".join(
        (b'{"fullUrl":', full_url, b',"resource":', entry.body, b',"search":{"mode":"', mode, b'"}}')
    )
