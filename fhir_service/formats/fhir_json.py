"""FHIR's JSON format.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import json
import re
from typing import Any

CODE = "json"
MEDIA_TYPES: tuple[str, ...] = ("application/fhir+json", "application/json", "text/json")

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_INDENT = b"  "


def dump(value: Any) -> bytes:
    """A JSON value as compact UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def encode(body: bytes, pretty: bool) -> bytes:
    """Stored bodies are this format already."""
    return indent(body) if pretty else body


def indent(body: bytes) -> bytes:
    """The same JSON over many lines. Its tokens are copied, not parsed: a decimal keeps its text (1.10)."""
    written: list[bytes] = []
    depth = 0
    opened = False  # the last token was { or [, whose line break waits for a first member
    for token in _TOKEN.findall(body):
        closes = token in b"}]"
        if closes:
            depth -= 1
        if opened != closes:  # a first member, or a closing bracket that has members before it
            written.append(b"\n" + _INDENT * depth)
        opened = token in b"{["
        depth += opened
        written.append(_SPACED.get(token, token))
        if token == b",":
            written.append(b"\n" + _INDENT * depth)
    return b"".join(written) + b"\n"


_SPACED = {b":": b": "}
