"""The steps of the treatment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.content.builders.picking import Resource, by_id

Action = dict[str, Any]


@pytest.fixture
def plan(resources: list[Resource]) -> Resource:
    return by_id(resources, "PlanDefinition/ivig-itp-plan")


def walk(actions: list[Action]) -> Iterator[Action]:
    for action in actions:
        yield action
        yield from walk(action.get("action", []))


def test_the_plan_has_four_steps(plan: Resource) -> None:
    assert [action["id"] for action in plan["action"]] == [
        "premedicate",
        "give-ivig",
        "home-medicine",
        "report-side-effects",
    ]


def test_premedication_starts_before_ivig_and_stays_open(plan: Resource, release: str) -> None:
    premedicate = plan["action"][0]
    target = "targetId" if release == "r5" else "actionId"
    assert premedicate["relatedAction"] == [{target: "give-ivig", "relationship": "before-start"}]
    assert premedicate["selectionBehavior"] == "any"
    assert "requiredBehavior" not in premedicate
    definitions = [child.get("definitionCanonical") for child in premedicate["action"]]
    base = "https://education.test/fhir/ActivityDefinition/ivig-itp-"
    assert definitions == [f"{base}acetaminophen-premed", f"{base}diphenhydramine-premed", None]


def test_home_medicine_names_no_medicine(plan: Resource) -> None:
    home = plan["action"][2]
    assert not home.keys() & {"definitionCanonical", "relatedAction", "action"}


def test_conditions_have_no_invented_logic(plan: Resource) -> None:
    conditions = [c for action in walk(plan["action"]) for c in action.get("condition", [])]
    assert conditions
    assert all(condition == {"kind": "applicability"} for condition in conditions)


def test_ids_are_named_as_the_release_wants_them(plan: Resource, release: str) -> None:
    for action in walk(plan["action"]):
        assert action.get("linkId") == (action["id"] if release == "r5" else None)
        assert isinstance(action["code"], dict if release == "r5" else list)


def test_participants_have_the_codes_of_the_release(plan: Resource, release: str) -> None:
    types = {p["type"] for action in walk(plan["action"]) for p in action.get("participant", [])}
    newer = {"careteam", "patient", "relatedperson"}
    assert types == (newer if release == "r5" else {"practitioner", "patient", "related-person"})


def test_telling_the_nurse_opens_the_form(plan: Resource, resources: list[Resource]) -> None:
    form = by_id(resources, "Questionnaire/ivig-itp-side-effect-check")
    assert plan["action"][3]["definitionCanonical"] == form["url"]


def test_a_premedication_is_a_proposal_of_a_product_and_nothing_more(resources: list[Resource]) -> None:
    activity = by_id(resources, "ActivityDefinition/ivig-itp-acetaminophen-premed")
    assert (activity["kind"], activity["intent"]) == ("MedicationRequest", "proposal")
    assert activity["productCodeableConcept"]["coding"][0]["code"] == "161"
    assert not activity.keys() & {"dosage", "timingTiming", "quantity", "participant", "dynamicValue"}
