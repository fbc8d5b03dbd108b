"""What becomes of a template, one element at a time."""

from typing import Any

import pytest

from fhir_service.errors import Unprocessable
from fhir_service.reasoning.extract import template
from fhir_service.reasoning.extract.template import CONTEXT, VALUE, fill
from fhir_service.reasoning.form_expressions import Scope
from fhir_service.releases import R4, R5, Release

Json = dict[str, Any]

RESPONSE: Json = {
    "resourceType": "QuestionnaireResponse",
    "id": "r",
    "status": "completed",
    "author": {"reference": "Patient/1"},
    "item": [{"linkId": "a", "answer": [{"valueString": "x"}, {"valueString": "y"}]}],
}
ANSWERS = "item.answer.value"


def value(expression: str) -> Json:
    return {"extension": [{"url": VALUE, "valueString": expression}]}


def context(expression: str) -> Json:
    return {"extension": [{"url": CONTEXT, "valueString": expression}]}


def filled(resource: Json, release: Release = R4) -> list[Json]:
    scope = Scope(release=release, response=RESPONSE, questionnaire={"resourceType": "Questionnaire"}, now=0)
    return fill(resource, ("QuestionnaireResponse", RESPONSE, None), scope)


def basic(**elements: Any) -> Json:
    return {"resourceType": "Basic", "id": "template", "code": {"text": "c"}, **elements}


def one(**elements: Any) -> Json:
    (resource,) = filled(basic(**elements))
    return {name: given for name, given in resource.items() if name not in ("resourceType", "code")}


def test_a_template_without_marks_is_copied_without_its_id() -> None:
    assert filled(basic()) == [{"resourceType": "Basic", "code": {"text": "c"}}]


def test_a_value_stands_in_place_of_the_element() -> None:
    assert one(created="1900-01-01", _created=value("'2020-01-01'")) == {"created": "2020-01-01"}
    assert one(author={**value("%resource.author"), "display": "x"}) == {"author": {"reference": "Patient/1"}}


def test_no_value_removes_the_element_or_the_member_of_a_list() -> None:
    assert one(created="1900-01-01", _created=value("{}")) == {}
    assert one(identifier=[{"value": "kept"}, value("{}")]) == {"identifier": [{"value": "kept"}]}
    assert one(identifier=[{"_value": value("{}")}]) == {}


def test_several_values_are_several_members() -> None:
    names = {"identifier": [{**context(ANSWERS), "system": "s", "_value": value("$this")}]}
    assert one(**names)["identifier"] == [{"system": "s", "value": "x"}, {"system": "s", "value": "y"}]


def test_a_context_of_the_resource_makes_one_for_each_or_none() -> None:
    assert len(filled(basic(**context(ANSWERS)))) == 2
    assert filled(basic(**context("item.item"))) == []


def test_a_value_of_the_resource_is_another_resource() -> None:
    copy = {"resourceType": "QuestionnaireResponse", "id": "template", **value("%resource")}
    assert filled(copy) == [RESPONSE]
    with pytest.raises(Unprocessable, match="is a Basic, and its expression gives a QuestionnaireResponse"):
        filled(basic(**value("%resource")))


def test_an_extension_that_loses_its_value_is_left_out() -> None:
    assert one(extension=[{"url": "http://a", "_valueString": value("{}")}]) == {}
    assert one(extension=[{"url": "http://a", "_valueString": value("'x'")}]) == {
        "extension": [{"url": "http://a", "valueString": "x"}]
    }


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"subject": value("'urn:uuid:1'")}, {"subject": {"reference": "urn:uuid:1"}}),
        ({"subject": value("%resource")}, {"subject": {"reference": "QuestionnaireResponse/r"}}),
    ],
)
def test_a_text_or_a_resource_is_a_reference(elements: Json, expected: Json) -> None:
    assert one(**elements) == expected


def test_a_coding_is_a_concept_and_in_r5_a_codeable_reference() -> None:
    resource = {"resourceType": "Basic", "id": "t", "code": value("%resource.item.linkId")}
    assert filled(resource) == [{"resourceType": "Basic", "code": {"text": "a"}}]
    request = {
        "resourceType": "MedicationRequest",
        "id": "t",
        "status": "draft",
        "medication": value("%resource.author"),
    }
    assert filled(request, R5)[0]["medication"] == {"reference": {"reference": "Patient/1"}}


def test_two_values_where_one_has_room_are_refused() -> None:
    with pytest.raises(Unprocessable, match="Basic.created in template `#template` takes one value, not 2"):
        filled(basic(_created=value(ANSWERS)))


def test_contexts_within_contexts_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "MOST_ELEMENTS", 10)
    with pytest.raises(Unprocessable, match="more than 10 elements"):
        filled(basic(identifier=[{**context(ANSWERS), "value": "v"}] * 5))


def test_the_template_is_not_changed() -> None:
    resource = basic(identifier=[value("{}")], author=value("%resource.author"))
    before = repr(resource)
    filled(resource)
    assert repr(resource) == before
