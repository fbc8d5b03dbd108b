"""When an item is enabled: by which answers, and in which repetition."""

from typing import Any

import pytest

from fhir_service.reasoning.enabling import Given, is_enabled
from fhir_service.reasoning.form_expressions import Scope
from fhir_service.releases import R4

Json = dict[str, Any]


def enabled(item: Json, *holders: Json) -> bool:
    scope = Scope(release=R4, response=holders[0], questionnaire={"resourceType": "Questionnaire"}, now=0)
    return is_enabled({"linkId": "asked", "type": "string", **item}, holders, scope, Given())


def answered(link_id: str, **value: Any) -> Json:
    return {"linkId": link_id, "answer": [value]}


def response(*items: Json) -> Json:
    return {"resourceType": "QuestionnaireResponse", "item": list(items)}


def when(operator: str, **answer: Any) -> Json:
    return {"enableWhen": [{"question": "q", "operator": operator, **answer}]}


@pytest.mark.parametrize(
    ("condition", "value", "is_met"),
    [
        (when("=", answerInteger=3), {"valueInteger": 3}, True),
        (when("=", answerInteger=3), {"valueInteger": 4}, False),
        (when("!=", answerInteger=3), {"valueInteger": 4}, True),
        (when("!=", answerInteger=3), {"valueInteger": 3}, False),
        (when(">", answerInteger=3), {"valueInteger": 3}, False),
        (when(">=", answerInteger=3), {"valueInteger": 3}, True),
        (when("<", answerDecimal=3.5), {"valueDecimal": 3.25}, True),
        (when("<=", answerDate="2020-01-01"), {"valueDate": "2020-01-02"}, False),
        (when("exists", answerBoolean=True), {"valueInteger": 3}, True),
        (when("exists", answerBoolean=False), {"valueInteger": 3}, False),
        (
            when("=", answerCoding={"system": "s", "code": "c"}),
            {"valueCoding": {"system": "s", "code": "c", "display": "C"}},
            True,
        ),
        (when("=", answerCoding={"system": "s", "code": "c"}), {"valueCoding": {"code": "c"}}, False),
    ],
)
def test_the_answer_decides(condition: Json, value: Json, is_met: bool) -> None:
    assert enabled(condition, response(answered("q", **value))) is is_met


def test_without_an_answer_only_its_absence_and_difference_are_met() -> None:
    assert enabled(when("exists", answerBoolean=False), response())
    assert enabled(when("!=", answerInteger=3), response())
    assert not enabled(when("=", answerInteger=3), response())
    assert not enabled(when(">", answerInteger=3), response())


def test_what_cannot_be_decided_counts_as_enabled() -> None:
    assert enabled(when(">", answerDate="2020"), response(answered("q", valueDate="2020-05-01")))


def test_the_answers_of_the_same_repetition_count() -> None:
    yes = {"linkId": "group", "item": [answered("q", valueBoolean=True)]}
    no = {"linkId": "group", "item": [answered("q", valueBoolean=False)]}
    whole = response(yes, no)
    assert enabled(when("=", answerBoolean=True), whole, yes)
    assert not enabled(when("=", answerBoolean=True), whole, no)


def test_an_expression_decides_too_and_sees_the_response() -> None:
    url = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
    expression = {
        "language": "text/fhirpath",
        "expression": "%resource.item.where(linkId = 'q').answer.value > 1",
    }
    item = {"extension": [{"url": url, "valueExpression": expression}]}
    assert enabled(item, response(answered("q", valueInteger=2)))
    assert not enabled(item, response(answered("q", valueInteger=1)))
    assert not enabled(item, response())
