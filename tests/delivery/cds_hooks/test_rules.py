"""The rules that every answer of the tests is held against do go red."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.delivery.cds_hooks.calls import call
from tests.delivery.cds_hooks.rules import PROMISES, RULES, broken_rules

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def good(suggesting: FlaskClient) -> dict[str, Any]:
    """An answer with everything in it that we send."""
    said = {
        "service": "order-sign",
        "age": 7,
        "drafts": [{"code": "rxnorm 5666"}],
        "conditions": [{"code": "snomed 32273002"}],
        "medications": [],
        "allergies": [],
    }
    answer: dict[str, Any] = suggesting.post("/cds-services/education-order-sign", json=call(said)).get_json()
    assert broken_rules(answer, "response") == []
    assert len(answer["cards"][0]["suggestions"]) == 2
    return answer


def card(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["cards"][0]
    return found


def action(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = card(answer)["suggestions"][0]["actions"][0]
    return found


def link(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = card(answer)["links"][0]
    return found


def recommend_both(answer: dict[str, Any]) -> None:
    for suggestion in card(answer)["suggestions"]:
        suggestion["isRecommended"] = True
    card(answer)["selectionBehavior"] = "at-most-one"


BROKEN: dict[str, Change] = {
    "summary": lambda it: card(it).update(summary="x" * 140),
    "indicator": lambda it: card(it).update(indicator="urgent"),
    "selection": lambda it: card(it).update(selectionBehavior="all"),
    "cds-resp-1": recommend_both,
    "cds-resp-2": lambda it: action(it).update(type="delete"),
    "cds-resp-3": lambda it: link(it).update(appContext="x"),
    "cds-resp-4": lambda it: card(it).update(overrideReasons=[{"code": "x"}]),
    "cds-resp-5": lambda it: action(it).pop("description"),
    "cds-resp-6": lambda it: card(it).pop("selectionBehavior"),
    "action-type": lambda it: action(it).update(type="replace"),
    "action-resource": lambda it: action(it).pop("resource"),
    "link-type": lambda it: link(it).update(type="relative"),
    "link-url": lambda it: link(it).update(url="/topics/ivig-itp"),
    "source-url": lambda it: card(it)["source"].update(icon="icon.png"),
    "info": lambda it: card(it).update(indicator="warning"),
    "link": lambda it: link(it).update(url="https://elsewhere.test/"),
    "absolute": lambda it: link(it).update(type="smart"),
    "named": lambda it: card(it).pop("uuid"),
    "review": lambda it: card(it).update(detail="x"),
    "any": lambda it: card(it).update(selectionBehavior="at-most-one"),
    "recommends-nothing": lambda it: card(it)["suggestions"][0].update(isRecommended=True),
    "one-action": lambda it: card(it)["suggestions"][0]["actions"].append(action(it)),
    "creates": lambda it: action(it).update(type="update"),
    "proposal": lambda it: action(it)["resource"].update(dosageInstruction=[{"text": "1 mg"}]),
    "valid": lambda it: action(it)["resource"].update(note=[{"time": "2026"}]),
    "response.cards: is required": lambda it: it.pop("cards"),
    "is not defined": lambda it: card(it).update(colour="red"),
    "detail: is no str": lambda it: card(it).update(detail=None),
    "detail: is empty": lambda it: card(it).update(detail=""),
    "links: is empty": lambda it: card(it).update(links=[]),
    "systemActions: is empty": lambda it: it.update(systemActions=[]),
    "source.label: is required": lambda it: card(it)["source"].pop("label"),
    "is no object": lambda it: it["cards"].append("card"),
}


def test_every_rule_is_broken_once() -> None:
    assert {rule for rule, *_ in (*RULES, *PROMISES)} <= set(BROKEN)


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_named(good: dict[str, Any], rule: str) -> None:
    answer = deepcopy(good)
    BROKEN[rule](answer)
    assert any(rule in told for told in broken_rules(answer, "response"))


def test_a_discovery_without_a_hook_is_named() -> None:
    service = {"id": "x", "description": "x", "prefetch": {}}
    told = broken_rules({"services": [service]}, "discovery")
    assert told == ["discovery.services[0].hook: is required", "discovery.services[0].prefetch: is empty"]
