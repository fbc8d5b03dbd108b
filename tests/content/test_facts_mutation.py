"""Dropping any one fact makes the build fail: from the text, and from what is coded.

https://hl7.org/fhir/R4/safety.html
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from fhir_service.content.build import build_folders
from fhir_service.content.rules import Material, facts_in_data, facts_in_text
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


def test_the_facts_are_all_there(sources: Sources) -> None:
    assert [fact.id for fact in sources.topic("ivig-itp").facts] == FACTS


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_that_is_dropped_from_the_text_is_missed(fact: str, material: Material) -> None:
    topic = replace(material.topic, texts=(_untold(material.topic.text, fact),))
    found = [finding.message for finding in facts_in_text.check(replace(material, topic=topic, built={}))]
    assert any(message.startswith(f"fact `{fact}` is not stated in section") for message in found)


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_whose_words_are_dropped_from_a_release_is_missed(fact: str, material: Material) -> None:
    """The marks stay, so that only the words of the built Composition can tell."""
    silent = _untold(material.topic.text, fact)
    built = {
        name: [_retold(resource, silent) for resource in found] for name, found in material.built.items()
    }
    found = [finding.message for finding in facts_in_text.check(replace(material, built=built))]
    for release in built:
        assert any(m.startswith(f"fact `{fact}`:") and f"Composition of {release}" in m for m in found)


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


def test_a_fact_that_is_dropped_from_the_files_stops_the_build(resources: Any, edit: Edit) -> None:
    edit("topics/ivig-itp/text.en.md", "- Headache {F26}\n", "")
    assert [str(finding).split(";")[0] for finding in read_sources(resources)[1]] == [
        "topics/ivig-itp/facts.csv:27: fact `F26` is stated nowhere in text.en.md"
    ]


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
    if resource["resourceType"] != "Composition":
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
