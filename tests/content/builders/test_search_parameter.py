"""The service's own search parameters, evaluated on the resources they are for."""

from __future__ import annotations

import pytest

from fhir_service.fhir.path import compile_path
from fhir_service.releases import RELEASES
from tests.content.builders.picking import Resource, by_id, codings, of_type

SNOMED = "http://snomed.info/sct"


def found(
    resources: list[Resource], common: list[Resource], release: str, code: str, value: tuple[str, str]
) -> list[str]:
    """Ids of the resources that `?code=value` finds."""
    parameter = by_id(common, f"SearchParameter/{code}")
    (base,) = parameter["base"]
    path = compile_path(parameter["expression"], base, RELEASES[release])
    return [
        resource["id"]
        for resource in of_type(resources, base)
        if any(value in codings(hit) for _, hit in path(resource))
    ]


def test_onset_finds_the_effects_of_a_window(
    resources: list[Resource], common: list[Resource], release: str
) -> None:
    system = "https://education.test/fhir/CodeSystem/onset-window"
    after = found(resources, common, release, "onset", (system, "after-more-than-1-day"))
    assert len(after) == 5
    assert all(resource_id.startswith("ivig-ae-after-") for resource_id in after)


@pytest.mark.parametrize(
    "code", ["230145002", "418290006", "444827008"], ids=["breathing", "itching", "redness"]
)
def test_effect_part_finds_the_reaction_by_its_part(
    resources: list[Resource], common: list[Resource], release: str, code: str
) -> None:
    hits = found(resources, common, release, "effect-part", (SNOMED, code))
    assert hits == ["ivig-ae-during-allergic-reaction"]


def test_effect_part_finds_an_effect_by_the_symptom_itself(
    resources: list[Resource], common: list[Resource], release: str
) -> None:
    hits = found(resources, common, release, "effect-part", (SNOMED, "45007003"))
    assert hits == ["ivig-ae-during-low-blood-pressure", "ivig-ae-during-allergic-reaction"]


def test_r4_gets_the_effect_parameter_that_later_releases_define(
    resources: list[Resource], common: list[Resource], release: str
) -> None:
    if release == "r4":
        hits = found(resources, common, release, "effect", (SNOMED, "25064002"))
        assert hits == ["ivig-ae-during-headache"]
    else:
        assert "effect" in {row["code"] for row in RELEASES[release].search_parameter_data}


def test_r5_says_how_the_expression_is_processed(common: list[Resource], release: str) -> None:
    """spd-1: https://hl7.org/fhir/R5/searchparameter.html#invs"""
    for parameter in of_type(common, "SearchParameter"):
        assert parameter.get("processingMode") == ("normal" if release == "r5" else None)
        assert parameter["type"] == "token"
