"""JSON and JSONP, read as clients of MedlinePlus Connect do.

https://medlineplus.gov/medlineplus-connect/web-service/
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.delivery.infobutton.answers import ITP, MAIN

TYPE = "knowledgeResponseType"


@pytest.fixture
def feed(client: FlaskClient) -> dict[str, Any]:
    asked = {**ITP, TYPE: "application/json", "informationRecipient.languageCode.c": "en"}
    answer: dict[str, Any] = client.get("/infobutton/service", query_string=asked).get_json()
    return answer["feed"]  # type: ignore[no-any-return]


def test_what_clients_take_is_there(feed: dict[str, Any]) -> None:
    first = feed["entry"][0]
    assert first["title"]["_value"] == "IVIG Treatment for ITP"
    assert first["summary"]["_value"].startswith("<p>Not yet reviewed by a clinician.")
    assert first["link"][0]["href"] == "http://localhost/topics/ivig-itp?lang=en"


def test_the_page_is_the_only_alternate_link(feed: dict[str, Any]) -> None:
    for entry in feed["entry"]:
        assert [link["rel"] for link in entry["link"]].index("alternate") == 0
        assert len([link for link in entry["link"] if link["rel"] == "alternate"]) == 1


def test_the_code_system_is_echoed_by_name(feed: dict[str, Any]) -> None:
    assert feed["category"][:3] == [
        {"scheme": f"{MAIN}.c", "term": "D69.3"},
        {"scheme": f"{MAIN}.cs", "term": "ICD10CM"},
        {"scheme": f"{MAIN}.dn", "term": ""},
    ]


def test_the_members_are_those_of_medlineplus(feed: dict[str, Any]) -> None:
    known = {"base", "lang", "xsi", "title", "subtitle", "author", "updated", "id", "category", "entry"}
    assert known <= feed.keys()
    assert feed["title"] == {"_value": "Patient education", "type": "text"}
    assert feed["author"]["name"]["_value"]
    assert feed["updated"] == {"_value": "2026-11-23T00:00:00Z"}


@pytest.mark.parametrize("callback", ["show", "$", "_a.b$1", "a" * 128])
def test_jsonp_calls_the_function(client: FlaskClient, callback: str) -> None:
    asked = {**ITP, TYPE: "application/javascript", "callback": callback}
    response = client.get("/infobutton/service", query_string=asked)
    assert response.content_type == "application/javascript; charset=utf-8"
    start = f"/**/{callback}("
    assert response.text.startswith(start)
    assert json.loads(response.text.removeprefix(start).removesuffix(");"))["feed"]["entry"]
    assert response.text.isascii()  # U+2028 ends a line of old JavaScript


@pytest.mark.parametrize("callback", ["", "alert(1)//", "a-b", "1a", "a b", "\u00e9", "a\n", "a" * 129, ".a"])
def test_jsonp_needs_a_name_that_is_safe(client: FlaskClient, callback: str) -> None:
    asked = {**ITP, TYPE: "application/javascript", "callback": callback}
    response = client.get("/infobutton/service", query_string=asked)
    expected = 200 if callback.strip() == "a" else 400
    assert response.status_code == expected
    if expected == 400:
        assert response.content_type == "application/json; charset=utf-8"
        assert "`callback`" in response.get_json()["error"]["message"]
        assert response.get_json()["error"]["status"] == 400


def test_a_failure_in_jsonp_is_a_call_too(client: FlaskClient) -> None:
    """The function is told apart from the rest, so that a mistake elsewhere reaches it."""
    asked = {**ITP, "age.v.v": "x", "age.v.u": "a", TYPE: "application/javascript", "callback": "show"}
    response = client.get("/infobutton/service", query_string=asked)
    assert (response.status_code, response.content_type) == (400, "application/javascript; charset=utf-8")
    assert response.text.startswith('/**/show({"error":')
