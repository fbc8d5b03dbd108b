"""What is asked is about a patient: no log, no failure and no key of a cache repeats it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask

from fhir_service import create_app
from fhir_service.context import Context
from fhir_service.delivery.infobutton.knowledge_request import normalised, read_request
from fhir_service.finder import Finder, Hit
from fhir_service.settings import Settings
from tests.delivery.infobutton.answers import ITP, read
from tests.memory_store import MemoryStore

PERSONAL = {
    **ITP,
    "age.v.v": "67",
    "age.v.u": "a",
    "mainSearchCriteria.v.dn": "something of Jane Doe",
    "holder.assignedEntity.n": "nurse-17",
    "holder.assignedEntity.certificateText": "hunter2",
}
SECRETS = ("D69.3", "Jane Doe", "nurse-17", "hunter2", "certificateText")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Flask:
    def fail(self: Finder, context: Context) -> tuple[Hit, ...]:
        raise ValueError(repr(context))

    monkeypatch.setattr(Finder, "find", fail)
    return create_app(Settings(), MemoryStore())


@pytest.mark.parametrize("form", ["text/xml", "application/json", "text/html"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_fault_is_told_and_logged_without_the_request(
    broken: Flask, caplog: pytest.LogCaptureFixture, method: str, form: str
) -> None:
    asked = {**PERSONAL, "knowledgeResponseType": form}
    where: dict[str, Any] = {"query_string": asked} if method == "GET" else {"data": asked}
    with caplog.at_level(logging.DEBUG):
        response = broken.test_client().open("/infobutton/service", method=method, **where)
    assert (response.status_code, response.content_type) == (500, f"{form}; charset=utf-8")
    reference = read(response).message.rpartition("reference ")[2].split(".")[0]
    assert reference in caplog.text
    assert "ValueError" in caplog.text
    assert "test_privacy.py" in caplog.text  # where it was raised
    for secret in SECRETS:
        assert secret not in response.text
        assert secret not in caplog.text


def test_a_request_that_works_is_not_logged(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert app.test_client().get("/infobutton", query_string=PERSONAL).status_code == 200
    for secret in SECRETS:
        assert secret not in caplog.text


def test_what_an_answer_repeats_is_no_secret(app: Flask) -> None:
    text = app.test_client().get("/infobutton/service", query_string=PERSONAL).text
    assert "nurse-17" not in text
    assert "hunter2" not in text


def test_a_key_is_of_the_meaning_and_tells_nothing() -> None:
    key = normalised(read_request(PERSONAL.items()))
    assert key == normalised(read_request([*reversed(PERSONAL.items()), ("unknown", "x")]))
    assert key != normalised(read_request(ITP.items()))
    assert len(key) == 64
    assert not any(secret in key for secret in SECRETS)
