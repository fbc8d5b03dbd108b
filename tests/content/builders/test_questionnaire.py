"""The form to take to the doctor or nurse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fhir_service.content.source import Sources
from tests.content.builders.picking import Resource, by_id, codings, properties

Item = dict[str, Any]


@pytest.fixture
def form(resources: list[Resource]) -> Resource:
    return by_id(resources, "Questionnaire/ivig-itp-side-effect-check")


def walk(items: list[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from walk(item.get("item", []))


def test_the_service_notice_stands_first(form: Resource, sources: Sources) -> None:
    assert form["item"][0]["type"] == "display"
    assert form["item"][0]["text"] == sources.publisher.notices[0].service


def test_the_notice_appears_again_when_any_part_of_the_reaction_is_ticked(
    form: Resource, sources: Sources
) -> None:
    (again,) = (item for item in walk(form["item"]) if "enableWhen" in item)
    assert again["text"] == sources.publisher.notices[0].service
    assert again["enableBehavior"] == "any"
    reaction = next(i for i in walk(form["item"]) if i["linkId"] == "during-allergic-reaction-group")
    asked = [item["linkId"] for item in reaction["item"] if item["type"] == "boolean"]
    assert [when["question"] for when in again["enableWhen"]] == asked
    assert len(asked) == 9


def test_seven_bullets_during_and_three_after(form: Resource) -> None:
    groups = {item["linkId"]: item for item in form["item"] if item["type"] == "group"}
    assert len(groups["during"]["item"]) == 7
    assert len(groups["after"]["item"]) == 3
    assert sum(1 for item in walk(groups["after"]["item"]) if item["type"] == "boolean") == 5


def test_it_asks_only_what_all_releases_can_ask_and_scores_nothing(form: Resource) -> None:
    assert {item["type"] for item in walk(form["item"])} == {"boolean", "group", "display", "text"}
    assert not properties(form) & {"answerOption", "initial", "required"}


def test_every_link_id_is_used_once(form: Resource) -> None:
    ids = [item["linkId"] for item in walk(form["item"])]
    assert len(ids) == len(set(ids))


def test_a_display_has_no_code(form: Resource) -> None:
    """que-3"""
    assert not [item for item in walk(form["item"]) if item["type"] == "display" and "code" in item]


def test_low_blood_pressure_is_told_by_the_nurse(form: Resource) -> None:
    words = [item["text"] for item in walk(form["item"]) if "blood pressure" in item["text"]]
    asked = [text for text in words if text.startswith("Low blood pressure")]
    assert asked == ["Low blood pressure (told by the nurse)"] * 2


def test_it_is_experimental_until_a_clinician_has_reviewed_it(form: Resource) -> None:
    assert (form["status"], form["experimental"]) == ("draft", True)


def test_each_question_says_by_which_template_its_answer_becomes_a_resource(form: Resource) -> None:
    templates = {
        item["linkId"]: [one["extension"][0]["valueReference"]["reference"] for one in item["extension"]]
        for item in walk(form["item"])
        if "extension" in item
    }
    asked = [item["linkId"] for item in walk(form["item"]) if item["type"] in ("boolean", "text")]
    assert list(templates) == asked
    assert templates.pop("unlisted") == ["#unlisted"]
    assert set(map(tuple, templates.values())) == {("#symptom",)}


def test_a_symptom_has_the_codes_that_the_education_has(form: Resource, resources: list[Resource]) -> None:
    effects = [one for one in resources if "UndesirableEffect" in one["resourceType"]]
    effects += [one["undesirableEffect"] for one in resources if "undesirableEffect" in one]
    known = [codings(one["symptomConditionEffect"]) for one in effects]
    asked = [codings(item["code"]) for item in walk(form["item"]) if item["linkId"] == "after-nausea"]
    assert asked[0] in known
    assert ("http://snomed.info/sct", "422587007") in asked[0]


def test_a_template_says_nothing_of_severity_seriousness_cause_or_onset(form: Resource) -> None:
    events = [one for one in form["contained"] if one["resourceType"] == "AdverseEvent"]
    said = set().union(*(one.keys() for one in events))
    assert len(events) == 2
    assert said <= {
        "resourceType", "id", "meta", "extension", "status", "actuality", "event", "code", "subject",
        "encounter", "_recordedDate", "recorder",
    }  # fmt: skip
    assert {one["actuality"] for one in events} == {"actual"}
    assert {one.get("status", "unknown") for one in events} == {"unknown"}
