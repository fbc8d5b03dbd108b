"""What leads to too much is refused, whether or not it would come to an end."""

from typing import Any

import pytest

from fhir_service.errors import Unprocessable
from fhir_service.reasoning import apply_plan
from tests.reasoning.applying import inputs

Json = dict[str, Any]


def plan(number: int, leads_to: int, times: int = 1) -> Json:
    action = {"title": "a", "definitionCanonical": f"http://plans.test/{leads_to}"}
    url = f"http://plans.test/{number}"
    return {"resourceType": "PlanDefinition", "url": url, "status": "active", "action": [action] * times}


def refused(plans: list[Json]) -> str:
    with pytest.raises(Unprocessable) as failure:
        apply_plan(plans[0], inputs("r4", plans))
    assert failure.value.issues[0].code == "too-costly"
    return failure.value.issues[0].diagnostics


def test_plans_within_plans_go_ten_deep() -> None:
    assert "more than 10 plans within each other" in refused([plan(n, n + 1) for n in range(12)])


def test_plans_that_multiply_make_two_thousand_actions_at_most() -> None:
    plans = [plan(n, n + 1, times=8) for n in range(6)]
    last = {"resourceType": "PlanDefinition", "url": "http://plans.test/6", "status": "active"}
    assert "more than 2000 actions" in refused([*plans, last])


def test_a_long_expression_is_refused() -> None:
    expression = {"language": "text/fhirpath", "expression": "1 = " + " " * 10_000 + "1"}
    action = {"title": "a", "condition": [{"kind": "applicability", "expression": expression}]}
    definition = {"resourceType": "PlanDefinition", "status": "active", "action": [action]}
    with pytest.raises(Unprocessable, match="more than 10000 characters"):
        apply_plan(definition, inputs("r4"))
