"""Every fact stands in the education text: in the source with its mark, in each release with its key words.

https://hl7.org/fhir/R4/composition.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..finding import Finding, at
from ..topic import Fact, Text
from .rule import Material, Resource, Rule
from .walk import passages, plain, sections


def check(material: Material) -> Iterator[Finding]:
    for fact in material.topic.facts:
        for text in material.topic.texts:
            yield from _in_source(fact, text)
        for release, resource in material.resources():
            if resource["resourceType"] == "Composition":
                yield from _in_release(fact, release, resource)


def _in_source(fact: Fact, text: Text) -> Iterator[Finding]:
    """The section states the fact, in the key words of its language."""
    file = f"text.{text.language}.md"
    if fact.in_text.section == "title":
        stated, found = fact.id in text.title_facts, [text.title]
    else:
        section = text.section(fact.in_text.section)
        paragraphs = section.paragraphs if section else ()
        with_fact = [p for p in paragraphs if any(fact.id in s.facts for s in p.statements)]
        stated, heading = bool(with_fact), section.title if section else ""
        found = [f"{heading} {paragraph.text}" for paragraph in with_fact]
    if not stated:
        message = f"fact `{fact.id}` is not stated in section `{fact.in_text.section}` of {file}"
        yield at(fact.where, f"{message}; allowed: words that end with {{{fact.id}}}: {fact.statement}")
    else:
        yield from _missing(fact, fact.in_text.words_in(text.language), found, file)


def _in_release(fact: Fact, release: str, composition: Resource) -> Iterator[Finding]:
    if fact.in_text.section == "title":
        found = [composition.get("title", "")]
    else:
        found = [
            f"{section.get('title', '')} {words}"
            for section in sections(composition)
            if _has_code(section, fact.in_text.section)
            for words in passages(section.get("text", {}).get("div", ""))
        ]
    language = str(composition.get("language"))
    place = f"the Composition of {release} in `{language}`"
    yield from _missing(fact, fact.in_text.words_in(language), found, place)


def _has_code(section: Resource, code: str) -> bool:
    return any(coding.get("code") == code for coding in section.get("code", {}).get("coding", ()))


def _missing(fact: Fact, wanted: Sequence[str], found: list[str], place: str) -> Iterator[Finding]:
    """Nothing, when one of the passages has all key words; else the words that the nearest one lacks."""
    absent = [[word for word in wanted if plain(word) not in plain(words)] for words in found]
    if absent and not min(absent, key=len):
        return
    lacking = min(absent, key=len) if absent else wanted
    named = ", ".join(f"`{word}`" for word in lacking)
    message = f"fact `{fact.id}`: {named} not found in section `{fact.in_text.section}` of {place}"
    yield at(fact.where, f"{message}; allowed: all its key words in one paragraph")


RULE = Rule(
    "facts_in_text", "Every fact is stated in the education text, with all its key words together.", check
)
