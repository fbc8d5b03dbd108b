"""Bundles, joined from the stored bytes of their resources without parsing them.

https://hl7.org/fhir/R4/bundle.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, NamedTuple


class Entry(NamedTuple):
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
    pieces = [opening[:-1]]
    before = b',"entry":['
    for entry in entries:
        pieces.append(before)
        pieces += _pieces(entry)
        before = b","
    pieces.append(b"]}")
    return b"".join(pieces)


def _pieces(entry: Entry) -> list[bytes]:
    """The bytes of a resource are copied once: when all pieces are joined."""
    full_url, body, mode, request, response = entry
    pieces = [b"{"]
    if full_url is not None:
        pieces += (b'"fullUrl":', encode_basestring(full_url).encode(), b",")
    if body is not None:
        pieces += (b'"resource":', body, b",")
    if mode:
        pieces += (b'"search":{"mode":"', mode.encode(), b'"}', b",")
    if request is not None:
        pieces += (b'"request":', _json(request), b",")
    if response is not None:
        pieces += (b'"response":', _json(response), b",")
    pieces[-1] = b"}"
    return pieces


# Made once: `json.dumps` would make one each time.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _json(value: Any) -> bytes:
    return _ENCODER.encode(value).encode()
