import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.memory_store import MemoryStore

URL = "/fhir/r4/Medication/m1"  # its current version is 2
CHANGED = "Mon, 02 Nov 2026 03:04:05 GMT"


def test_an_answer_carries_its_validators(client: FlaskClient) -> None:
    answer = client.get(URL)
    assert answer.headers["ETag"] == 'W/"2"'
    assert answer.headers["Last-Modified"] == CHANGED
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": 'W/"2"'},
        {"If-None-Match": '"2"'},
        {"If-None-Match": 'W/"7", "2" ,W/"9"'},
        {"If-None-Match": "*"},
        {"If-None-Match": 'W/"2"', "If-Modified-Since": "Mon, 02 Nov 2020 03:04:05 GMT"},
        {"If-Modified-Since": CHANGED},
        {"If-Modified-Since": "Tue, 03 Nov 2026 03:04:05 GMT"},
    ],
)
def test_what_the_client_has_already_is_not_sent_again(client: FlaskClient, headers: dict[str, str]) -> None:
    for method in ("GET", "HEAD"):
        answer = client.open(URL, method=method, headers=headers)
        assert answer.status_code == 304
        assert answer.data == b""
        assert "Content-Type" not in answer.headers
        assert answer.headers["ETag"] == 'W/"2"'
        assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": 'W/"1"'},
        {"If-None-Match": ""},
        {"If-None-Match": 'W/"1"', "If-Modified-Since": CHANGED},
        {"If-Modified-Since": "Mon, 02 Nov 2026 03:04:04 GMT"},
        {"If-Modified-Since": "yesterday"},
    ],
)
def test_what_the_client_has_not_is_sent(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get(URL, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["Medication", "Medication?_id=m1", "metadata"])
def test_pages_and_metadata_have_an_etag_of_their_content(client: FlaskClient, path: str) -> None:
    first = client.get(f"/fhir/r4/{path}")
    again = client.get(f"/fhir/r4/{path}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert client.get(f"/fhir/r5/{path}").headers["ETag"] != first.headers["ETag"]


def test_a_change_changes_the_etag_of_a_page(client: FlaskClient, store: MemoryStore) -> None:
    before = client.get("/fhir/r4/Medication").headers["ETag"]
    store.put("r4", {"resourceType": "Medication", "id": "new"}, 0)
    assert client.get("/fhir/r4/Medication").headers["ETag"] != before


@pytest.mark.parametrize(
    "path", ["Medication/m1", "Medication/m1/_history/1", "Medication", "metadata", "nowhere"]
)
def test_head_answers_the_headers_of_get_without_a_body(client: FlaskClient, path: str) -> None:
    get = client.get(f"/fhir/r4/{path}")
    head = client.head(f"/fhir/r4/{path}")
    assert head.status_code == get.status_code
    assert head.headers == get.headers
    assert head.data == b""


def test_what_nobody_foresaw_is_told_without_its_insides(
    app: Flask, store: MemoryStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(store, "read", broken)
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/fhir/r5/Medication/m1?_pretty=true")
    assert answer.status_code == 500
    assert answer.json is not None
    (issue,) = answer.json["issue"]
    assert (issue["severity"], issue["code"]) == ("fatal", "exception")
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    (record,) = caplog.records
    assert record.args is not None
    assert str(record.args[0]) in issue["diagnostics"]  # type: ignore[index]
    assert record.exc_info is not None
    assert "_pretty" not in record.getMessage()
