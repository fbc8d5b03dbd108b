"""Opaque page cursors: where the next page begins, in the order in which the store walks the matches.

https://hl7.org/fhir/R4/http.html#paging

A cursor is a position, not a page number: a page costs the same wherever it is, and every resource that is
not written meanwhile appears exactly once.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from fhir_service.errors import Invalid


@dataclass(frozen=True, slots=True)
class Cursor:
    """`driver` numbers the branch that the walk follows; `position` is the last match's sort key and row."""

    driver: int
    position: tuple[str | int | float | None, ...]


def encode_cursor(cursor: Cursor) -> str:
    content = json.dumps([cursor.driver, *cursor.position], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """The cursor of a next link; Invalid when it was not made here."""
    try:
        content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        content = None
    match content:
        case [int(driver), *position] if position and all(
            part is None or (isinstance(part, (str, int, float)) and not isinstance(part, bool))
            for part in position
        ):
            return Cursor(driver, tuple(position))
    raise Invalid("The page link is damaged: follow the `next` link of a search as it stands")
