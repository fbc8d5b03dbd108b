"""Composition: the education text, section by section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.content.builders.picking import Resource, by_id

Section = dict[str, Any]


@pytest.fixture
def composition(resources: list[Resource]) -> Resource:
    return by_id(resources, "Composition/ivig-itp-education-en")


def walk(sections: list[Section]) -> Iterator[Section]:
    for section in sections:
        yield section
        yield from walk(section.get("section", []))


def test_sections_stand_in_the_order_of_the_page(composition: Resource) -> None:
    codes = [section["code"]["coding"][0]["code"] for section in composition["section"]]
    assert codes == [
        "what-is-ivig",
        "how-ivig-works",
        "how-ivig-is-given",
        "side-effects",
        "key-points",
        "reviewed",
        "about-the-source",
    ]


def test_each_section_has_its_own_words(composition: Resource) -> None:
    for section in walk(composition["section"]):
        assert section["text"]["status"] == "additional"


def test_the_page_has_four_key_points(composition: Resource) -> None:
    (points,) = (s for s in walk(composition["section"]) if s["title"] == "Key points")
    assert points["text"]["div"].count("<li>") == 4


def test_a_section_points_to_what_rests_on_its_facts(composition: Resource, release: str) -> None:
    entries = {
        section["code"]["coding"][0]["code"]: [e["reference"] for e in section.get("entry", [])]
        for section in walk(composition["section"])
    }
    effect = "MedicinalProductUndesirableEffect" if release == "r4" else "ClinicalUseDefinition"
    assert len(entries["side-effects-during"]) == 13
    assert f"{effect}/ivig-ae-after-nausea" in entries["side-effects-after"]
    assert "Questionnaire/ivig-itp-side-effect-check" in entries["telling-the-doctor-or-nurse"]
    assert entries["what-is-ivig"] == ["MedicationKnowledge/ivig"]


def test_the_context_of_use_is_found_in_every_release(composition: Resource, release: str) -> None:
    """Before R5 a Composition has no useContext: it points to the Library, which has one in all releases."""
    (detail,) = composition["event"][0]["detail"]
    assert detail.get("reference") in ("Library/ivig-itp-library", {"reference": "Library/ivig-itp-library"})
    assert ("useContext" in composition) == (release == "r5")
