"""The `finder:` of topic.yaml as a flat list of entries, each a code or a phrase with its role.

https://www.hl7.org/implement/standards/product_brief.cfm?product_id=208 (subTopic)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from .publisher import Subtopic
from .topic import Coding, FinderEntry, Group, Symptom, Term

Concept = Group | Symptom | Term


def finder_entries(finder: dict[str, Any], subtopics: Iterable[Subtopic]) -> tuple[FinderEntry, ...]:
    """A subtopic becomes what its section mentions: it is found like any other code."""
    by_id = {subtopic.id: subtopic for subtopic in subtopics}
    excluded = _entries((), finder["excludes"], role="excludes", where=finder["where"])
    return (
        *chain.from_iterable(_about(listed) for listed in finder["about"]),
        *excluded,
        *chain.from_iterable(_mentions(listed, by_id) for listed in finder["mentions"]),
    )


def mapped_entries(
    entries: Iterable[FinderEntry], concepts: Iterable[Concept], local_system: str
) -> Iterator[FinderEntry]:
    """What the topic's own codes select or choose: as the code that means the same. No other relation counts:
    a wider code means more than our concept, and a narrower one says more than we do."""
    by_coding = {entry.coding: entry for entry in reversed(tuple(entries)) if entry.coding}
    for concept in concepts:
        own = Coding(local_system, concept.id)
        equals = [
            by_coding.get(mapping.coding) for mapping in concept.maps if mapping.relation == "equivalent"
        ]
        for role in dict.fromkeys(entry.role for entry in equals if entry):
            first = next(entry for entry in equals if entry and entry.role == role)
            if own not in by_coding:
                yield replace(first, coding=own, mapped=True, where=concept.where)


def _about(listed: dict[str, Any]) -> Iterator[FinderEntry]:
    codings, words = listed.pop("codings"), listed.pop("words")
    yield from _entries(codings, words, role="about", **listed)


def _mentions(listed: dict[str, Any], subtopics: dict[str, Subtopic]) -> Iterator[FinderEntry]:
    named: dict[str, Any] = {"role": "mentions", "section": listed["section"], "where": listed["where"]}
    for subtopic in listed["subtopics"]:
        yield from _entries(subtopics[subtopic].codings, subtopics[subtopic].words, **named)
    yield from _entries(listed["codings"], listed["words"], **named)


def _entries(codings: Iterable[Coding], words: Iterable[str], **named: Any) -> Iterator[FinderEntry]:
    for coding in codings:
        yield FinderEntry(coding=coding, word=None, **named)
    for word in words:
        yield FinderEntry(coding=None, word=word, **named)
