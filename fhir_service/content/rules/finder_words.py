"""No word that a topic only mentions selects it, and none that selects it is forbidden by the topic itself.

https://www.hl7.org/implement/standards/product_brief.cfm?product_id=208
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_service.phrases import GAP, Phrase, Spoken

from ..finding import Finding, at
from ..topic import FinderEntry, Role, Topic
from .rule import Material, Rule


def check(material: Material) -> Iterator[Finding]:
    topic = material.topic
    about, excludes = _phrases(topic, "about"), _phrases(topic, "excludes")
    for entry in topic.finder:
        if entry.word and entry.role == "mentions" and _says(entry, about):
            message = f"the word `{entry.word}` is only mentioned, but selects the topic"
            yield at(entry.where, f"{message}; allowed: words in which no word of `about` stands")
        if entry.word and entry.role == "about" and _says(entry, excludes):
            message = f"the word `{entry.word}` can never select: the topic excludes it"
            yield at(entry.where, f"{message}; allowed: words in which no word of `excludes` stands")


def _phrases(topic: Topic, role: Role) -> list[Phrase]:
    return [Phrase.of(entry.word) for entry in topic.finder if entry.role == role and entry.word]


def _says(entry: FinderEntry, phrases: list[Phrase]) -> bool:
    spoken = Spoken.of([str(entry.word).replace(GAP, " ")])
    return any(phrase.is_said(spoken) for phrase in phrases)


RULE = Rule(
    "finder_words",
    "A word that is only mentioned selects nothing, and what selects the topic is not excluded by it.",
    check,
)
