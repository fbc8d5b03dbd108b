"""Every word of a topic that a reader may see, with its place: measured, searched for digits, and signed.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from .topic import NOWHERE, Text, Topic, Where

_WORD_FIELDS = frozenset(
    ("text", "title", "short_title", "name", "short_name", "synonyms", "brand", "question")
    + ("definition", "comment", "condition", "reason", "description", "purpose")
)
"""The fields of topic.yaml that hold words a reader sees."""


def passages(text: Text) -> Iterator[tuple[Where, str]]:
    """Title, headings, paragraphs and list items of one text, in the order of the page."""
    yield text.where, text.title
    for section in text.walk():
        yield section.where, section.title
        for paragraph in section.paragraphs:
            yield paragraph.statements[0].where, paragraph.text


def topic_words(topic: Topic) -> Iterator[tuple[Where, str]]:
    """The words of topic.yaml: names, titles, descriptions, comments, and the sentences of every item."""
    parts = [
        field.name
        for field in fields(topic)
        if field.name not in ("texts", "facts", "finder", "source", "retired")
    ]
    for name in parts:
        yield from _words(getattr(topic, name), name, topic.where)


def words_of(topic: Topic, text: Text) -> Iterator[tuple[Where, str]]:
    """All words of one language: those of its text, and those that topic.yaml has in it."""
    yield from passages(text)
    if text is topic.text:
        yield from topic_words(topic)
    else:
        yield from ((text.where, words) for words in (text.short_title, text.description))


def words_sha256(topic: Topic, text: Text | None = None) -> str:
    """The sha256 of one language's words, that a review is tied to: one changed comma needs a new review.

    The topic's own language (the default) has those of topic.yaml too. A review of it covers no translation.
    """
    words = [words for _, words in words_of(topic, text or topic.text)]
    return hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()


def _words(value: Any, name: str, where: Where) -> Iterator[tuple[Where, str]]:
    if isinstance(value, str):
        if name in _WORD_FIELDS:
            yield where, value
    elif isinstance(value, tuple):
        for item in value:
            yield from _words(item, name, where)
    elif is_dataclass(value) and not isinstance(value, type):
        # A code's display is its owner's word, not ours.
        here = getattr(value, "where", NOWHERE)
        for field in fields(value):
            if field.name not in ("coding", "codings", "where"):
                yield from _words(getattr(value, field.name), field.name, here if here.line else where)
