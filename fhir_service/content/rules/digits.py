"""No digit stands in clinical words but those of the facts: nothing can look like a dose that nobody gave.

https://hl7.org/fhir/R4/safety.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..finding import Finding, at
from ..topic import Where
from ..words import words_of
from .rule import Material, Resource, Rule
from .walk import objects, page_of
from .walk import passages as blocks

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORDS = frozenset(
    (
        "text",
        "title",
        "description",
        "definition",
        "display",
        "comment",
        "purpose",
        "usage",
        "label",
        "citation",
    )
    + (
        "valueString",
        "valueMarkdown",
        "div",
        "synonym",
        "code_text",
        "summary",
        "instruction",
        "patientInstruction",
    )
)
"""The elements that hold words for a reader. Versions, dates, URLs and copyright lines are none."""


def check(material: Material) -> Iterator[Finding]:
    digits = _Digits(material)
    for where, words in _source_words(material):
        for number in digits.foreign(words):
            yield at(where, _message(number, words))
    for release, resource in material.resources():
        for words in _built_words(resource):
            for number in digits.foreign(words):
                yield material.fault(release, resource, _message(number, words))


def _source_words(material: Material) -> Iterator[tuple[Where, str]]:
    for text in material.topic.texts:
        yield from words_of(material.topic, text)


def _built_words(resource: Resource) -> Iterator[str]:
    for item in objects(resource):
        is_coding = "system" in item and "code" in item
        for name, value in item.items():
            if name in _WORDS and isinstance(value, str) and not (is_coding and name == "display"):
                yield from blocks(value) if name == "div" else [value]
    if resource["resourceType"] == "Binary":
        yield from blocks(page_of(resource))


class _Digits:
    """What may hold a digit: facts, the source's date, names of code systems, the service's notices."""

    def __init__(self, material: Material) -> None:
        topic, publisher = material.topic, material.publisher
        facts = " ".join(fact.statement for fact in topic.facts)
        self._allowed = set(_NUMBER.findall(f"{facts} {topic.source.reviewed}"))
        self._names: list[str] = [system.title for system in publisher.code_systems]
        self._names += [notices.service for notices in publisher.notices]
        self._names += [system.notice for system in publisher.code_systems if system.notice]
        reviews = [topic.clinical_review, *(text.review for text in topic.texts)]
        self._names += [review.date for review in reviews if review]
        self._names += [topic.retired.date] if topic.retired else []

    def foreign(self, words: str) -> Iterable[str]:
        for name in self._names:
            words = words.replace(name, " ")
        return [number for number in _NUMBER.findall(words) if number not in self._allowed]


def _message(number: str, words: str) -> str:
    start = max(0, words.find(number) - 30)
    near = words[start : words.find(number) + len(number) + 30]
    return f"the number `{number}` in `{near}` is in no fact; allowed: words, or a number of facts.csv"


RULE = Rule("digits", "No digit stands in clinical words but those that the facts contain.", check)
