"""Bundles, joined from the stored bytes of their resources without parsing them.

https://hl7.org/fhir/R4/bundle.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One entry: `body` is the resource as JSON bytes.

    `request` says how a version was made, `response` what was answered.
    """

    full_url: str | None
    body: bytes | None
    request: Mapping[str, Any] | None = None
    response: Mapping[str, Any] | None = None


class Found(NamedTuple):
    """One entry of a search; `mode` is match, include or outcome."""

    full_url: str
    body: bytes
    mode: str


def searchset(
    found: Iterable[tuple[str, bytes, str]], links: Sequence[tuple[str, str]], total: int | None
) -> bytes:
    """A search's Bundle of the `Found`; `links` are (relation, url) pairs and must hold `self`."""
    pieces: list[bytes] = []
    for full_url, body, mode in found:
        pieces += (f',{{"fullUrl":{encode_basestring(full_url)},"resource":'.encode(), body, _MODES[mode])
    opening = _json(_head("searchset", links, total))
    if not pieces:
        return opening
    return b"".join((opening[:-1], b',"entry":[', pieces[0][1:], *pieces[1:], b"]}"))


_MODES = {mode: f',"search":{{"mode":"{mode}"}}}}'.encode() for mode in ("match", "include", "outcome")}


def bundle(
    bundle_type: str,
    entries: Sequence[Entry],
    links: Sequence[tuple[str, str]] = (),
    total: int | None = None,
) -> bytes:
    """The Bundle as JSON bytes."""
    return _joined(_head(bundle_type, links, total), entries)


def _head(bundle_type: str, links: Sequence[tuple[str, str]], total: int | None) -> dict[str, Any]:
    head: dict[str, Any] = {"resourceType": "Bundle", "type": bundle_type}
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": relation, "url": url} for relation, url in links]
    return head


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
    pieces = [b"{"]
    if entry.full_url is not None:
        pieces += (b'"fullUrl":', _json(entry.full_url), b",")
    if entry.body is not None:
        pieces += (b'"resource":', entry.body, b",")
    if entry.request is not None:
        pieces += (b'"request":', _json(entry.request), b",")
    if entry.response is not None:
        pieces += (b'"response":', _json(entry.response), b",")
    pieces[-1] = b"}"
    return pieces


# Made once: `json.dumps` would make one each time.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _json(value: Any) -> bytes:
    return _ENCODER.encode(value).encode()
