"""The finder: a context becomes ranked topics and sections, each with the reason it was found for.

https://www.hl7.org/implement/standards/product_brief.cfm?product_id=208

A code or word of a topic has a role (design, decision 13). `about` selects the topic, a broader code does so
with a lower rank, `mentions` never does: it only chooses the section of a topic that something else selected.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fhir_service.content.topic import Coding, Topic
from fhir_service.context import Asked, Context

Reason = Literal["code", "mapped code", "broader", "words"]
"""Why a topic was found, the best reason first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A topic that was found, and the section that answers best; the best hit comes first."""

    slug: str
    reason: Reason
    matched: Coding | str
    """the code, or the words of the request, that selected it"""
    of: Literal["product", "condition"] | None
    """whether that is the topic's product or its condition, where the topic says so"""
    asked: int
    """index of what was asked about in the context"""
    section: str | None = None
    """code of the section to open; None: from the beginning"""


class Finder:
    """An index over the topics, made once."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self._about: dict[tuple[str, str], list[str]] = {}
        for topic in topics:
            for entry in topic.finder:
                if entry.role == "about" and entry.coding and not entry.broader:
                    self._about.setdefault((entry.coding.system, entry.coding.code), []).append(topic.slug)

    def find(self, context: Context) -> tuple[Hit, ...]:
        """The topics for a context, the best first; each at most once for everything that is asked."""
        return tuple(hit for number, asked in enumerate(context.asked) for hit in self._hits(number, asked))

    def _hits(self, number: int, asked: Asked) -> Iterable[Hit]:
        for coding in asked.codings:
            for slug in self._about.get((coding.system, coding.code), ()):
                yield Hit(slug=slug, reason="code", matched=coding, of=None, asked=number)
