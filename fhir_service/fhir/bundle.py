"""Bundles, joined from the stored bytes of their resources without parsing them.

https://hl7.org/fhir/R4/bundle.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `body` is the resource as JSON bytes; `mode` (a search's) is match, include or outcome.

    `request` says how a version was made, `response` what was answered.
    """

    full_url: str | None
    body: bytes | None
    mode: str = ""
    request: Mapping[str, Any] | None = None
    response: Mapping[str, Any] | None = None


def searchset(entries: Sequence[Entry], links: Sequence[tuple[str, str]], total: int | None) -> bytes:
    """A search's Bundle; `links` are (relation, url) pairs and must hold `self`."""
    return bundle("searchset", entries, links, total)


def bundle(
    bundle_type: str,
    entries: Sequence[Entry],
    links: Sequence[tuple[str, str]] = (),
    total: int | None = None,
) -> bytes:
    """The Bundle as JSON bytes."""
    head: dict[str, Any] = {"resourceType": "Bundle", "type": bundle_type}
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": relation, "url": url} for relation, url in links]
    return _joined(head, entries)


def document(
    identifier: Mapping[str, Any],
    timestamp: str,
    entries: Sequence[Entry],
    security: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """A document as JSON bytes: the Composition first, then what it refers to.

    https://hl7.org/fhir/R4/documents.html
    """
    head: dict[str, Any] = {"resourceType": "Bundle"}
    if security:
        head["meta"] = {"security": list(security)}
    head |= {"identifier": identifier, "type": "document", "timestamp": timestamp}
    return _joined(head, entries)


def _joined(head: Mapping[str, Any], entries: Sequence[Entry]) -> bytes:
    opening = _json(head)
    if not entries:  # FHIR has no empty arrays
        return opening
    return b"".join((opening[:-1], b',"entry":[', b",".join(map(_entry, entries)), b"]}"))


def _entry(entry: Entry) -> bytes:
    members = []
    if entry.full_url is not None:
        members.append(b'"fullUrl":' + _json(entry.full_url))
    if entry.body is not None:
        members.append(b'"resource":' + entry.body)
    if entry.mode:
        members.append(b'"search":{"mode":"' + entry.mode.encode() + b'"}')
    if entry.request is not None:
        members.append(b'"request":' + _json(entry.request))
    if entry.response is not None:
        members.append(b'"response":' + _json(entry.response))
    return b"{" + b",".join(members) + b"}"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
