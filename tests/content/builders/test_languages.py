"""A translation: a draft apart until somebody has reviewed it, and beside the text in English after that.

https://hl7.org/fhir/R4/languages.html
"""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import replace
from typing import Any

import pytest

from fhir_service.content.builders import build_drafts, build_topic
from fhir_service.content.lint import check
from fhir_service.content.rules import Material, evaluate
from fhir_service.content.rules.walk import page_of, passages, strings
from fhir_service.content.source import RESOURCES, Sources
from fhir_service.content.topic import Review, Topic
from fhir_service.content.words import words_sha256
from fhir_service.releases import RELEASES
from tests.content.builders.picking import Resource, by_id, of_type, walk
from tests.content.conftest import TOPICS

TYPES = ("Composition", "DocumentReference", "Binary")
TITLE = "Cómo lavarse las manos"


@pytest.fixture
def drafts(material: Material, release: str) -> list[Resource]:
    return list(material.drafts[release])


@pytest.fixture(scope="session")
def translated(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """The invented topic, whose translation has a review on record."""
    resources = tmp_path_factory.mktemp("translated")
    shutil.copytree(RESOURCES, resources, ignore=shutil.ignore_patterns("topics", "fhir"), dirs_exist_ok=True)
    shutil.copytree(TOPICS / "hand-washing", resources / "topics" / "hand-washing")
    checked = check(resources)
    assert checked.findings == ()
    (found,) = checked.materials()
    return found


@pytest.fixture
def beside(translated: Material, release: str) -> list[Resource]:
    """The invented topic's resources in one release."""
    return list(translated.built[release])


def reviewed_topic(topic: Topic) -> Topic:
    """The topic with a clinical review of its own words."""
    words = words_sha256(topic)
    return replace(topic, clinical_review=Review(role="nurse", date="2026-12-01", words_sha256=words))


def narratives(resource: Resource) -> list[str]:
    return [value for key, value in strings(resource) if key == "div"]


def test_a_draft_has_the_documents_of_its_language_and_nothing_else(drafts: list[Resource]) -> None:
    found = [(resource["resourceType"], resource["id"], resource["language"]) for resource in drafts]
    assert found == [(name, "ivig-itp-education-es", "es") for name in TYPES]


def test_nothing_that_is_published_names_a_draft(resources: list[Resource]) -> None:
    assert "ivig-itp-education-es" not in json.dumps(resources)


def test_a_draft_says_so_in_its_first_line_wherever_it_is_read(
    drafts: list[Resource], sources: Sources
) -> None:
    line = "Este es un borrador de traducción. Ningún traductor ni profesional de la salud lo ha revisado."
    assert sources.publisher.notice("es").draft_translation == line
    composition, document, binary = drafts
    for div in (composition["text"], document["text"], composition["section"][0]["text"]):
        assert passages(div["div"])[0] == line
    assert document["description"].startswith(line)
    title, first, *_ = passages(page_of(binary))
    assert (title, first) == (composition["title"], line)


def test_a_draft_is_in_its_own_language_alone(drafts: list[Resource], material: Material) -> None:
    """But for the displays of codes, which are those of the code system, and the owners' legal lines."""
    english = {section.title for section in material.topic.text.walk()} | {"Patient education"}
    english |= {effect.text for effect in material.topic.side_effects}
    for resource in drafts:
        walk(resource, lambda name, value: assert_not_in(english, name, value))
    page = page_of(drafts[2])
    assert '<html lang="es">' in page
    assert page.count('lang="en"') == 1
    assert not english & set(passages(page))


def assert_not_in(words: set[str], name: str, value: Any) -> None:
    if isinstance(value, str) and name != "display":
        assert value not in words


def test_the_months_of_the_review_line_are_in_the_language(drafts: list[Resource]) -> None:
    said = "Se basa en una página revisada en septiembre de 2022."
    assert said in narratives(drafts[0])[0] and said in page_of(drafts[2])
    assert "September" not in page_of(drafts[2])


def test_a_draft_is_attached_with_its_own_size_and_address(drafts: list[Resource], release: str) -> None:
    page = base64.b64decode(drafts[2]["data"])
    attachment = drafts[1]["content"][0]["attachment"]
    assert attachment["size"] == (str(len(page)) if release == "r5" else len(page))
    assert (attachment["url"], attachment["language"]) == ("Binary/ivig-itp-education-es", "es")


def test_a_clinical_review_of_the_text_is_none_of_its_draft_translation(
    sources: Sources, material: Material, release: str
) -> None:
    topic = reviewed_topic(sources.topic("ivig-itp"))
    built = build_topic(topic, sources.publisher, RELEASES[release])
    composition, document, binary = build_drafts(topic, sources.publisher, RELEASES[release])
    assert by_id(built, "Composition/ivig-itp-education-en")["status"] == "final"
    assert (composition["status"], document["docStatus"]) == ("preliminary", "preliminary")
    assert "attester" not in composition
    assert "Ningún profesional de la salud ha revisado este texto todavía." in page_of(binary)
    drafts = {release: [composition, document, binary]}
    assert evaluate(replace(material, topic=topic, built={release: built}, drafts=drafts)) == []


def test_a_reviewed_translation_stands_beside_the_text(
    beside: list[Resource], translated: Material, release: str
) -> None:
    assert translated.drafts[release] == []
    for name in TYPES:
        found = [resource["language"] for resource in of_type(beside, name)]
        assert [language for language in found if language == "es"] == ["es"]
    index = by_id(beside, "Library/hand-washing-library")
    for name in TYPES:
        assert f"{name}/hand-washing-education-es" in json.dumps(index)
    assert "borrador" not in json.dumps(of_type(beside, *TYPES)) + page_of(
        by_id(beside, "Binary/hand-washing-education-es")
    )


def test_the_title_of_the_text_carries_its_translation(beside: list[Resource]) -> None:
    translation = {
        "url": "http://hl7.org/fhir/StructureDefinition/translation",
        "extension": [{"url": "lang", "valueCode": "es"}, {"url": "content", "valueString": TITLE}],
    }
    attachment = by_id(beside, "DocumentReference/hand-washing-education-en")["content"][0]["attachment"]
    for titled in (
        by_id(beside, "Library/hand-washing-library"),
        by_id(beside, "Composition/hand-washing-education-en"),
        attachment,
    ):
        assert titled["title"] == "How to Wash Your Hands"
        assert titled["_title"] == {"extension": [translation]}
    for resource in beside:
        if resource["language"] == "es":
            assert "StructureDefinition/translation" not in json.dumps(resource)


def test_no_narrative_in_the_first_language_has_words_of_another(beside: list[Resource]) -> None:
    for resource in beside:
        if resource["language"] == "en":
            assert not any(TITLE in div or "lavarse" in div for div in narratives(resource))
            assert "lavarse" not in page_of(resource)


def test_a_translation_names_what_it_was_made_from(beside: list[Resource], release: str) -> None:
    (composed,) = by_id(beside, "Composition/hand-washing-education-es")["relatesTo"]
    (document,) = by_id(beside, "DocumentReference/hand-washing-education-es")["relatesTo"]
    target = {"reference": "Composition/hand-washing-education-en"}
    if release == "r5":
        assert composed == {"type": "transforms", "resourceReference": target}
        assert document["code"]["coding"][0]["code"] == "transforms"
    else:
        assert composed == {"code": "transforms", "targetReference": target}
        assert document["code"] == "transforms"
    assert document["target"] == {"reference": "DocumentReference/hand-washing-education-en"}
    assert "relatesTo" not in by_id(beside, "Composition/hand-washing-education-en")


def test_a_reviewed_translation_of_reviewed_words_names_its_own_reviewer(
    translated: Material, release: str
) -> None:
    topic = reviewed_topic(translated.topic)
    built = build_topic(topic, translated.publisher, RELEASES[release])
    spanish = by_id(built, "Composition/hand-washing-education-es")
    assert spanish["status"] == "final"
    assert [attester["time"] for attester in spanish["attester"]] == ["2026-11-25"]
    assert (
        "Un profesional de la salud revisó el texto en inglés. Esta traducción la revisó traductora médica"
        " el 2026-11-25." in narratives(spanish)[0]
    )
    english = by_id(built, "Composition/hand-washing-education-en")
    assert [attester["time"] for attester in english["attester"]] == ["2026-12-01"]
    assert evaluate(replace(translated, topic=topic, built={release: built}, drafts={})) == []
