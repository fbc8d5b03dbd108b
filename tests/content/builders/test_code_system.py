"""The concepts of a topic."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from fhir_service.content.builders.code_system import walk
from tests.content.builders.picking import Resource, by_id, codings

LOCAL = "https://education.test/fhir/CodeSystem/ivig-itp-cs"


@pytest.fixture
def concepts(resources: list[Resource]) -> dict[str, dict[str, Any]]:
    system = by_id(resources, "CodeSystem/ivig-itp-cs")
    return {concept["code"]: concept for concept in walk(system["concept"])}


def values(concept: dict[str, Any], code: str) -> list[Any]:
    properties = [p for p in concept.get("property", ()) if p["code"] == code]
    return [p.get("valueCode") or p["valueCoding"]["code"] for p in properties]


def test_the_code_system_counts_its_concepts_and_has_each_once(resources: list[Resource]) -> None:
    system = by_id(resources, "CodeSystem/ivig-itp-cs")
    codes = Counter(concept["code"] for concept in walk(system["concept"]))
    assert system["count"] == len(codes) == codes.total()
    assert (system["content"], system["hierarchyMeaning"]) == ("complete", "grouped-by")


def test_every_local_code_in_use_is_in_the_code_system(
    resources: list[Resource], concepts: dict[str, dict[str, Any]]
) -> None:
    used = {code for resource in resources for system, code in codings(resource) if system == LOCAL}
    assert used
    assert used <= concepts.keys()


def test_a_display_of_a_local_code_is_the_one_of_the_code_system(
    resources: list[Resource], concepts: dict[str, dict[str, Any]]
) -> None:
    def check(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("system") == LOCAL and "display" in value:
                assert value["display"] == concepts[value["code"]]["display"]
            for member in value.values():
                check(member)
        elif isinstance(value, list):
            for member in value:
                check(member)

    for resource in resources:
        check(resource)


def test_onset_windows_are_codings_of_the_shared_code_system(
    concepts: dict[str, dict[str, Any]], common: list[Resource]
) -> None:
    windows = {concept["code"] for concept in by_id(common, "CodeSystem/onset-window")["concept"]}
    assert values(concepts["nausea"], "onset-window") == ["during-treatment", "after-more-than-1-day"]
    assert values(concepts["muscle-pain"], "onset-window") == ["after-more-than-1-day"]
    assert values(concepts["itching"], "onset-window") == []
    assert windows == {"during-treatment", "after-more-than-1-day"}


def test_parts_and_severity_are_those_of_the_page(concepts: dict[str, dict[str, Any]]) -> None:
    parts = [code for code, concept in concepts.items() if "allergic-reaction" in values(concept, "part-of")]
    assert len(parts) == 8
    assert values(concepts["fever"], "part-of") == ["fever-and-chills"]
    mild = [code for code, concept in concepts.items() if values(concept, "severity") == ["mild"]]
    assert len(mild) == 6  # the group and its five pains
    assert values(concepts["severe-chills"], "severity") == ["severe"]
