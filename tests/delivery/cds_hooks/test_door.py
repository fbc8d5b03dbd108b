"""What belongs to HTTP: discovery, unknown services, other origins, what is kept and what is logged."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.delivery.cds_hooks import deciding
from fhir_service.settings import Settings
from fhir_service.topics import Topics, content_header
from tests.delivery.cds_hooks.calls import call
from tests.delivery.cds_hooks.conftest import Make
from tests.memory_store import MemoryStore

SAID = {
    "service": "order-sign",
    "age": 7,
    "drafts": [{"code": "rxnorm 5666"}],
    "conditions": [{"code": "snomed 32273002"}],
}
URL = "/cds-services/education-order-sign"

# https://cds-hooks.hl7.org/2.0/#prefetch-query-restrictions
_TOKEN = r"\{\{context\.(?:patientId|encounterId)\}\}"
_READ = re.compile(rf"[A-Z]\w+/{_TOKEN}")
_SEARCH = re.compile(
    rf"[A-Z]\w+\?(?:(?:patient|encounter)={_TOKEN}|[a-z-]+=[a-z]+)(?:&(?:encounter={_TOKEN}|[a-z-]+=[a-z]+))*"
)


def test_the_four_services_are_discovered(door: FlaskClient) -> None:
    answer = door.get("/cds-services")
    services = answer.get_json()["services"]
    assert {service["id"]: service["hook"] for service in services} == {
        "education-patient-view": "patient-view",
        "education-order-select": "order-select",
        "education-order-sign": "order-sign",
        "education-encounter-discharge": "encounter-discharge",
    }
    assert all("412" in service["usageRequirements"] for service in services)


@pytest.mark.parametrize("suggestions", ["off", "on"])
def test_prefetch_keeps_to_the_queries_that_are_recommended(make: Make, suggestions: str) -> None:
    services = make(Settings(cds_suggestions=suggestions)).get("/cds-services").get_json()["services"]
    for service in services:
        for query in service["prefetch"].values():
            assert _READ.fullmatch(query) or _SEARCH.fullmatch(query), query
        if "context.encounterId" in str(service["prefetch"]):
            assert service["hook"] == "encounter-discharge"


def test_a_service_asks_for_no_more_than_it_reads(door: FlaskClient, suggesting: FlaskClient) -> None:
    def keys(client: FlaskClient) -> dict[str, list[str]]:
        services = client.get("/cds-services").get_json()["services"]
        return {service["hook"]: list(service["prefetch"]) for service in services}

    basic = ["patient", "conditions"]
    record = [*basic, "medications"]
    assert keys(door) == {
        "patient-view": record,
        "order-select": basic,
        "order-sign": basic,
        "encounter-discharge": record,
    }
    assert keys(suggesting) == {
        "patient-view": record,
        "order-select": [*record, "allergies"],
        "order-sign": [*record, "allergies"],
        "encounter-discharge": record,
    }


def test_discovery_may_be_kept_and_asked_for_again(door: FlaskClient) -> None:
    first = door.get("/cds-services")
    again = door.get("/cds-services", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert door.head("/cds-services").data == b""


@pytest.mark.parametrize(
    "path",
    [
        "education",
        "education-order-sign/",
        "education-order-sign/x",
        "",
        "education-order-sign/feedback/1",
    ],
)
def test_an_unknown_service_is_not_found(door: FlaskClient, path: str) -> None:
    answer = door.post(f"/cds-services/{path}", json={})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/cds-services", "GET, HEAD, OPTIONS"),
        ("DELETE", "/cds-services", "GET, HEAD, OPTIONS"),
        ("GET", URL, "POST, OPTIONS"),
        ("PUT", URL, "POST, OPTIONS"),
        ("GET", f"{URL}/feedback", "POST, OPTIONS"),
    ],
)
def test_another_method_is_told_which_ones_there_are(
    door: FlaskClient, method: str, path: str, allowed: str
) -> None:
    answer = door.open(path, method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


def test_a_page_of_another_origin_may_call(make: Make) -> None:
    everybody = make().options(
        URL, headers={"Origin": "https://a.test", "Access-Control-Request-Method": "POST"}
    )
    assert everybody.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in everybody.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in everybody.headers["Access-Control-Allow-Headers"]
    some = make(Settings(cors_origins=("https://a.test",)))
    for origin, granted in (("https://a.test", "https://a.test"), ("https://b.test", None)):
        answer = some.post(URL, json=call(SAID), headers={"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == granted


def test_cards_name_the_content_that_they_are_about(door: FlaskClient, topics: Topics) -> None:
    answer = door.post(URL, json=call(SAID))
    assert answer.headers["Topic-Content"] == content_header([topics.by_slug["ivig-itp"]])


def test_two_answers_have_cards_of_different_names(door: FlaskClient) -> None:
    first, second = (door.post(URL, json=call(SAID)).get_json()["cards"][0] for _ in range(2))
    assert first.pop("uuid") != second.pop("uuid")
    assert first == second


def test_links_start_with_the_address_of_the_service(make: Make) -> None:
    client = make(Settings(base_url="https://education.site.test/app"))
    (card,) = client.post(URL, json=call(SAID)).get_json()["cards"]
    assert card["links"][0]["url"] == "https://education.site.test/app/topics/ivig-itp"
    assert card["source"]["url"] == "https://education.site.test/app/"


def test_a_forged_host_gets_no_links(door: FlaskClient) -> None:
    assert door.post(URL, json=call(SAID), headers={"Host": "evil.test"}).status_code == 400


def test_nothing_of_a_request_is_logged_when_the_service_fails(
    door: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said_by_the_exception = call(SAID)["context"]["patientId"]

    def fail(*_: Any, **__: Any) -> Any:
        raise KeyError(said_by_the_exception)

    monkeypatch.setattr(deciding, "read_patient", fail)
    with caplog.at_level(logging.DEBUG), pytest.raises(AssertionError):  # the rules allow no 500
        door.post(URL, json=call(SAID))
    assert "KeyError" in caplog.text and "read_patient" in caplog.text
    assert "child-1" not in caplog.text and "5666" not in caplog.text


def test_the_whole_service_has_the_door(door: FlaskClient) -> None:
    """With its own clock: an order for a child whose age no day changes."""
    client = create_app(Settings(), MemoryStore()).test_client()
    assert client.get("/cds-services").get_json() == door.get("/cds-services").get_json()
    assert len(client.post(URL, json=call(SAID | {"born": "2024"})).get_json()["cards"]) == 1
    assert client.post(URL, json=call(SAID | {"born": "1990"})).get_json()["cards"] == []
