"""The plan of the IVIG topic, applied: choices and words, and nothing that the page does not give."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fhir_service.reasoning import apply_activity, apply_plan
from fhir_service.releases import RELEASES
from tests.conformance.corpus import built_resources
from tests.reasoning.applying import inputs, shown

Json = dict[str, Any]


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def applied(release: str) -> Json:
    built = [job.resource for job in built_resources(release)]
    return shown(apply_plan(named("PlanDefinition", built), inputs(release, built)))


def named(type_name: str, built: list[Json]) -> Json:
    return next(one for one in built if one["resourceType"] == type_name)


def every_action(actions: list[Json]) -> Iterator[Json]:
    for action in actions:
        yield action
        yield from every_action(action.get("action", []))


def test_the_medicines_before_ivig_are_a_choice_of_draft_requests(applied: Json) -> None:
    premedicate = applied["group"]["action"][0]
    assert premedicate["selectionBehavior"] == "any"
    assert [one["title"] for one in premedicate["action"]] == [
        "Acetaminophen (Tylenol)",
        "Diphenhydramine (Benadryl)",
        "Another medicine chosen by the care team",
    ]
    requests = [one for one in applied["made"] if one["resourceType"] == "MedicationRequest"]
    assert [(one["status"], one["intent"]) for one in requests] == [("draft", "option")] * 2
    assert [action["resource"].get("reference") is not None for action in premedicate["action"]] == [
        True,
        True,
        False,
    ]


def test_no_request_has_a_dose_a_route_or_a_time(applied: Json) -> None:
    text = json.dumps(applied["made"] + [applied["group"]])
    for element in (
        "dosage",
        "dispense",
        "route",
        "timing",
        "occurrence",
        "Quantity",
        "authoredOn",
        "executionPeriod",
    ):
        assert element not in text


def test_every_action_of_the_plan_is_there_with_its_words(applied: Json, release: str) -> None:
    plan = named("PlanDefinition", [job.resource for job in built_resources(release)])
    made = {one["id"]: one for one in every_action(applied["group"]["action"])}
    defined = {one["id"]: one for one in every_action(plan["action"])}
    assert made.keys() == defined.keys()
    for name, action in defined.items():
        assert {key: made[name][key] for key in ("title", "description", "textEquivalent")} == {
            key: action[key] for key in ("title", "description", "textEquivalent")
        }


def test_what_only_has_words_makes_no_resource(applied: Json) -> None:
    words_only = {
        one["id"]
        for one in every_action(applied["group"]["action"])
        if "action" not in one and "reference" not in one["resource"]
    }
    assert words_only == {
        "premedicate-other",
        "start-slow",
        "increase-rate",
        "slow-infusion",
        "stop-infusion",
        "home-medicine",
    }
    assert sorted(one["resourceType"] for one in applied["made"]) == [
        "Goal",
        "MedicationRequest",
        "MedicationRequest",
        "Task",
    ]


def test_conditions_in_words_stay_for_a_person(applied: Json) -> None:
    made = {one["id"]: one for one in every_action(applied["group"]["action"])}
    for name in ("increase-rate", "on-side-effect"):
        assert made[name]["condition"] == [{"kind": "applicability"}]


def test_it_says_that_nobody_has_put_it_in_force(applied: Json) -> None:
    assert [
        note for note in applied["notes"] if "ivig-itp-plan|" in note and "draft and experimental" in note
    ]


def test_an_activity_applied_by_itself_is_a_proposal(release: str) -> None:
    built = [job.resource for job in built_resources(release)]
    made = apply_activity(named("ActivityDefinition", built), inputs(release, built))
    assert (made["resourceType"], made["status"], made["intent"]) == (
        "MedicationRequest",
        "draft",
        "proposal",
    )
    assert "dosageInstruction" not in made
