"""Dropping any one fact makes the build fail: from the text, and from what is coded.

https://hl7.org/fhir/R4/safety.html
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from fhir_service.content.build import build_folders
from fhir_service.content.rules import Material, facts_in_data, facts_in_text
from fhir_service.content.rules.walk import plain
from fhir_service.content.source import RESOURCES, Sources, load_sources, read_sources
from fhir_service.content.topic import (
    BulletList,
    CodedText,
    Paragraph,
    Product,
    Section,
    SourcePage,
    Text,
    Topic,
    UseContext,
)

from .conftest import Edit

FACTS = [f"F{number:02}" for number in range(1, 41)]
KEY_POINTS = {"F34", "F35", "F36", "F37"}
"""What these say in their own words stands in the text alone."""
TITLE = "F40"
LANGUAGES = ["en", "es"]


def test_the_facts_are_all_there(sources: Sources) -> None:
    assert [fact.id for fact in sources.topic("ivig-itp").facts] == FACTS


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_that_is_dropped_from_a_text_is_missed(fact: str, language: str, material: Material) -> None:
    texts = [_untold(text, fact) if text.language == language else text for text in material.topic.texts]
    topic = replace(material.topic, texts=tuple(texts))
    found = facts_in_text.check(replace(material, topic=topic, built={}, drafts={}))
    messages = [finding.message for finding in found]
    assert [message.split(";")[0] for message in messages] == [
        f"fact `{fact}` is not stated in section `{_section_of(fact, material)}` of text.{language}.md"
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_whose_words_are_dropped_from_a_release_is_missed(
    fact: str, language: str, material: Material
) -> None:
    """The marks stay, so that only the words of the built Composition can tell."""
    (text,) = (text for text in material.topic.texts if text.language == language)
    silent = _untold(text, fact)
    built, drafts = (
        {name: [_retold(resource, silent) for resource in found] for name, found in parts.items()}
        for parts in (material.built, material.drafts)
    )
    found = facts_in_text.check(replace(material, built=built, drafts=drafts))
    messages = [finding.message for finding in found if finding.message.startswith(f"fact `{fact}`:")]
    for release in built:
        assert any(f"the Composition of {release} in `{language}`" in message for message in messages)


@pytest.mark.parametrize("fact", [fact for fact in FACTS if fact != TITLE])
def test_the_key_words_of_a_translation_are_in_no_other_paragraph(fact: str, material: Material) -> None:
    """So that no other sentence of its section can stand in for one that is dropped, marks and all."""
    text = material.topic.text_in("es")
    assert text
    wanted = next(one for one in material.topic.facts if one.id == fact).in_text
    section = text.section(wanted.section)
    assert section
    others = [
        f"{section.title} {paragraph.text}"
        for paragraph in section.paragraphs
        if all(fact not in statement.facts for statement in paragraph.statements)
    ]
    for words in others:
        assert any(plain(word) not in plain(words) for word in wanted.words_in("es")), words


@pytest.mark.parametrize("fact", [fact for fact in FACTS if fact not in KEY_POINTS | {TITLE}])
def test_a_fact_that_is_dropped_from_the_structure_is_missed(fact: str, sources: Sources) -> None:
    topic = sources.topic("ivig-itp")
    without = _without(topic, fact)
    assert without != topic
    _, folder, _ = build_folders(sources.publisher, [without])
    material = Material(without, sources.publisher, sources.codes, folder.resources)
    found = [finding.message for finding in facts_in_data.check(material)]
    for release in folder.resources:
        assert any(m.startswith(f"fact `{fact}`: no resource of {release} has") for m in found)


@pytest.mark.parametrize(
    ("file", "item"), [("text.en.md", "- Headache {F26}\n"), ("text.es.md", "- Dolor de cabeza {F26}\n")]
)
def test_a_fact_that_is_dropped_from_the_files_stops_the_build(
    file: str, item: str, resources: Any, edit: Edit
) -> None:
    edit(f"topics/ivig-itp/{file}", item, "")
    assert [str(finding).split(";")[0] for finding in read_sources(resources)[1]] == [
        f"topics/ivig-itp/facts.csv:27: fact `F26` is stated nowhere in {file}"
    ]


def _section_of(fact: str, material: Material) -> str:
    return next(one.in_text.section for one in material.topic.facts if one.id == fact)


def _untold(text: Text, fact: str) -> Text:
    """The text without the statements that name the fact."""

    def paragraph(found: Paragraph) -> Paragraph:
        return Paragraph(tuple(s for s in found.statements if fact not in s.facts))

    def section(found: Section) -> Section:
        blocks = tuple(
            BulletList(tuple(map(paragraph, block.items)))
            if isinstance(block, BulletList)
            else paragraph(block)
            for block in found.blocks
        )
        return replace(found, blocks=blocks, sections=tuple(map(section, found.sections)))

    if fact in text.title_facts:
        return replace(text, title="A page", title_facts=())
    return replace(text, sections=tuple(map(section, text.sections)))


def _retold(resource: dict[str, Any], text: Text) -> dict[str, Any]:
    """A Composition with the words of this text in its sections."""
    if resource["resourceType"] != "Composition" or resource["language"] != text.language:
        return resource

    def section(found: dict[str, Any]) -> dict[str, Any]:
        told = text.section(found["code"]["coding"][0]["code"])
        words = "".join(f"<p>{paragraph.text}</p>" for paragraph in (told.paragraphs if told else ()))
        inner = [section(child) for child in found.get("section", ())]
        return {**found, "text": {"status": "additional", "div": f"<div>{words}</div>"}, "section": inner}

    return {**resource, "title": text.title, "section": [section(found) for found in resource["section"]]}


def _without(value: Any, fact: str) -> Any:
    """The value without the items that rest on the fact; what may not be absent is left empty of words."""
    if isinstance(value, tuple):
        return tuple(_without(item, fact) for item in value if not _rests(item, fact))
    if not is_dataclass(value) or isinstance(value, type):
        return value
    kept = ("texts", "facts", "finder") if isinstance(value, Topic) else ("facts",)
    names = [field.name for field in fields(value) if field.name not in kept]
    changed = {name: _blank(getattr(value, name), fact) for name in names}
    return replace(value, **changed)


def _blank(value: Any, fact: str) -> Any:
    if isinstance(value, Product) and fact in value.facts:
        value = replace(value, name="-", codings=())
    if isinstance(value, SourcePage) and fact in value.facts:
        return replace(value, title="-", site="-", about="-", reviewed="1900")
    if isinstance(value, CodedText) and fact in value.facts:
        return CodedText(text="-")
    return None if _rests(value, fact) and not isinstance(value, Product) else _without(value, fact)


def _rests(value: Any, fact: str) -> bool:
    facts = value.value.facts if isinstance(value, UseContext) else getattr(value, "facts", ())
    return is_dataclass(value) and fact in facts


def test_the_unchanged_topic_loads_and_misses_nothing() -> None:
    assert load_sources(RESOURCES).topics
