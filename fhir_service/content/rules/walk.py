"""Ways through a built resource: its strings, its codes, and the words a reader sees.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

from .rule import Resource

_BLOCKS = frozenset(
    ["p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "td", "th", "dt", "dd", "div", "section", "ul"]
)


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """(element name, string) for every string, narrative included."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, key)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object, outer ones first."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def codings(resource: Resource) -> Iterator[tuple[str, str, str | None]]:
    """(system, code, display) of every Coding, ValueSet concept and ConceptMap row."""
    for item in objects(resource):
        system, code = item.get("system"), item.get("code")
        if isinstance(system, str) and isinstance(code, str):
            yield system, code, item.get("display")
        if isinstance(system, str):
            for concept in item.get("concept", ()):
                yield system, concept["code"], concept.get("display")
        for end, rows in (("source", [item]), ("target", None)):
            if isinstance(item.get(end), str) and isinstance(item.get("element"), list):
                for element in item["element"]:
                    for row in [element] if rows else element.get("target", ()):
                        yield item[end], row["code"], row.get("display")


def held_codes(resource: Resource) -> frozenset[tuple[str, str]]:
    """The codes that the resource itself carries in a Coding."""
    return frozenset(
        (item["system"], item["code"])
        for item in objects(resource)
        if isinstance(item.get("system"), str) and isinstance(item.get("code"), str)
    )


def sections(composition: Resource) -> Iterator[dict[str, Any]]:
    """The sections of a Composition, inner ones after the one they stand in."""
    for section in composition.get("section", ()):
        yield section
        yield from sections(section)


def passages(xhtml: str) -> list[str]:
    """The blocks of words (paragraphs, list items, headings) of a narrative or a page."""
    reader = _Passages()
    reader.feed(xhtml)
    reader.close()
    return reader.finished()


def page_of(binary: Resource) -> str:
    """The page that an HTML Binary holds; nothing for any other content."""
    if not str(binary.get("contentType", "")).startswith(("text/html", "application/xhtml")):
        return ""
    return base64.b64decode(binary.get("data", "")).decode("utf-8")


@lru_cache(maxsize=8192)
def plain(words: str) -> str:
    """For comparing: small letters, single spaces, straight apostrophes."""
    return re.sub(r"\s+", " ", words.replace("’", "'")).strip().lower()


class _Passages(HTMLParser):
    """Collects the words of each block; style sheets and scripts hold no words."""

    def __init__(self) -> None:
        super().__init__()
        self._done: list[str] = []
        self._words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("style", "script")
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script")
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._words.append(data)

    def _break(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._done.append("".join(self._words))
            self._words = []

    def finished(self) -> list[str]:
        found = (" ".join(words.split()) for words in [*self._done, "".join(self._words)])
        return [words for words in found if words]
