"""What definitions need: cases/data_requirements.yaml, HL7's examples, and what leads to too much."""

import itertools
from typing import Any

import pytest

from fhir_service.errors import Unprocessable
from fhir_service.reasoning import data_requirements
from fhir_service.releases import RELEASES
from fhir_service.releases.validator import validator
from tests.interactions.scenarios import fits, found_at
from tests.reasoning.applying import cases, finder
from tests.reasoning.hl7_definitions import definitions

EVERY = [
    pytest.param(case, release, id=f"{case['name']} ({release})")
    for case in cases("data_requirements")
    for release in case.get("releases", RELEASES)
]


@pytest.mark.parametrize(("case", "release"), EVERY)
def test_gives_what_the_definition_needs(case: dict[str, Any], release: str) -> None:
    found = data_requirements(case["of"], finder(case.get("with", [])), RELEASES[release])
    for path, expected in case["gives"].items():
        given = found_at(found, path)
        assert fits(given, expected), f"{path} is {given!r}, not {expected!r}"
    assert validator(RELEASES[release]).validate(found) == []


@pytest.mark.parametrize("release", ["r4b", "r5"])  # R4's examples hold relative references as canonicals
def test_of_hl7s_examples_it_is_valid(release: str) -> None:
    every = definitions(release)
    for definition in every:
        found = data_requirements(definition, finder(every), RELEASES[release])
        assert validator(RELEASES[release]).validate(found) == [], definition["id"]


def test_a_plan_of_hl7_needs_what_the_libraries_of_its_activities_need() -> None:
    every = definitions("r4")
    plan = next(one for one in every if one["id"] == "zika-virus-intervention")
    found = data_requirements(plan, finder(every), RELEASES["r4"])
    assert [one["name"] for one in found["parameter"]] == ["Patient", "Current Encounter"]
    assert [one["type"] for one in found["dataRequirement"]] == ["Condition", "Observation", "Condition"]
    assert {"type": "depends-on", "display": "ValueSet/zika-affected-area"} in found["relatedArtifact"]


def test_a_definition_that_leads_to_too_many_is_refused() -> None:
    numbers = itertools.count(1)

    def another(link: str) -> dict[str, Any]:
        following = {"type": "depends-on", "resource": f"http://libs.test/{next(numbers)}"}
        return {"resourceType": "Library", "url": link, "status": "active", "relatedArtifact": [following]}

    with pytest.raises(Unprocessable, match="more than 500"):
        data_requirements(another("http://libs.test/0"), another, RELEASES["r4"])


def test_what_is_shared_stays_as_it_was() -> None:
    requirement = {"type": "Patient", "mustSupport": ["birthDate"]}
    library = {
        "resourceType": "Library",
        "status": "active",
        "dataRequirement": [requirement, {"type": "Patient"}],
    }
    data_requirements(library, finder([]), RELEASES["r4"])
    assert requirement == {"type": "Patient", "mustSupport": ["birthDate"]}
