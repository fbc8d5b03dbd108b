"""Feedback is checked and thanked for; nothing of it is kept."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

URL = "/cds-services/education-order-sign/feedback"
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"
ACCEPTED = {
    "card": CARD,
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": "e56e1945-20b3-4393-8503-a1a20fd73152"}],
    "outcomeTimestamp": "2021-12-11T10:05:31Z",
}
OVERRIDDEN = {"card": CARD, "outcome": "overridden", "outcomeTimestamp": "2020-12-11T00:00:00.25+00:00"}
REASON = {
    "reason": {"code": "d7ecf885", "system": "https://example.com/reasons"},
    "userComment": "A comment.",
}
GONE = object()


@pytest.mark.parametrize(
    "feedback",
    [
        [ACCEPTED],
        [OVERRIDDEN],
        [ACCEPTED, OVERRIDDEN, ACCEPTED],
        [OVERRIDDEN | {"overrideReason": REASON}],
        [OVERRIDDEN | {"overrideReason": {"userComment": "A comment."}}],
        [OVERRIDDEN | {"com.ehr.extension": None}],
        [],
    ],
)
def test_feedback_is_taken(door: FlaskClient, feedback: list[Any]) -> None:
    answer = door.post(URL, json={"feedback": feedback})
    assert (answer.status_code, answer.get_json()) == (200, {})


@pytest.mark.parametrize(
    ("member", "wrong", "named"),
    [
        ("card", GONE, "feedback[0].card"),
        ("card", "card-1", "feedback[0].card"),
        ("card", None, "feedback[0].card"),
        ("outcome", GONE, "feedback[0].outcome"),
        ("outcome", "ignored", "feedback[0].outcome"),
        ("acceptedSuggestions", GONE, "feedback[0].acceptedSuggestions"),
        ("acceptedSuggestions", [], "feedback[0].acceptedSuggestions"),
        ("acceptedSuggestions", {}, "feedback[0].acceptedSuggestions"),
        ("acceptedSuggestions", [{}], "feedback[0].acceptedSuggestions[0].id"),
        ("outcomeTimestamp", GONE, "feedback[0].outcomeTimestamp"),
        ("outcomeTimestamp", "2021-12-11", "feedback[0].outcomeTimestamp"),
        ("outcomeTimestamp", "2021-13-11T10:05:31Z", "feedback[0].outcomeTimestamp"),
        ("outcomeTimestamp", "2021-12-11T10:05:31+02:00", "feedback[0].outcomeTimestamp"),
        ("overrideReason", {}, "feedback[0].overrideReason"),
        ("overrideReason", {"reason": {}}, "feedback[0].overrideReason.reason.code"),
        ("overrideReason", {"userComment": 5}, "feedback[0].overrideReason.userComment"),
        ("overrideReason", "secret", "feedback[0].overrideReason"),
    ],
)
def test_what_is_malformed_is_named(door: FlaskClient, member: str, wrong: Any, named: str) -> None:
    entry = {name: value for name, value in {**ACCEPTED, member: wrong}.items() if value is not GONE}
    answer = door.post(URL, json={"feedback": [entry]})
    assert answer.status_code == 400
    assert [issue["expression"] for issue in answer.get_json()["issue"]] == [[named]]
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("body", "named"), [({}, ["feedback"]), ({"feedback": {}}, ["feedback"]), ([], None)]
)
def test_feedback_is_an_object_with_an_array(door: FlaskClient, body: Any, named: list[str] | None) -> None:
    answer = door.post(URL, json=body)
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0].get("expression") == named
