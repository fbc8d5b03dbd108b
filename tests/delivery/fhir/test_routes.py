from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_service.releases import RELEASES


def json(answer: TestResponse) -> dict[str, object]:
    assert answer.status_code == 200, answer.text
    content: dict[str, object] = answer.json  # type: ignore[assignment]
    return content


def link(answer: TestResponse, relation: str) -> str | None:
    assert answer.json is not None
    return {found["relation"]: found["url"] for found in answer.json["link"]}.get(relation)


def test_read_answers_the_stored_bytes(client: FlaskClient, release: str) -> None:
    answer = client.get(f"/fhir/{release}/Medication/m2")
    assert answer.data.startswith(b'{"resourceType":"Medication","id":"m2"')
    assert json(answer)["code"] == {"text": f"{release} 2"}


def test_vread_answers_an_earlier_version(client: FlaskClient, release: str) -> None:
    earlier = client.get(f"/fhir/{release}/Medication/m1/_history/1")
    assert json(earlier)["code"] == {"text": f"{release} 1"}
    assert earlier.headers["ETag"] == 'W/"1"'
    current = client.get(f"/fhir/{release}/Medication/m1")
    assert json(current)["code"] == {"text": "second"}
    assert current.headers["ETag"] == 'W/"2"'


@pytest.mark.parametrize("url", ["/fhir/r5/Medication/", "/fhir/r5/Medication/m2/"])
def test_one_slash_at_the_end_does_no_harm(client: FlaskClient, url: str) -> None:
    assert client.get(url).status_code == 200


def test_the_plain_base_answers_as_r4_unless_asked_otherwise(client: FlaskClient) -> None:
    assert json(client.get("/fhir/Medication/m2"))["code"] == {"text": "r4 2"}
    for name, release in RELEASES.items():
        accept = f"application/fhir+json; fhirVersion={release.media_version}"
        answer = client.get("/fhir/Medication/m2", headers={"Accept": accept})
        assert json(answer)["code"] == {"text": f"{name} 2"}
        assert answer.headers["Content-Type"].endswith(f"fhirVersion={release.media_version}")
        assert "Accept" in answer.headers["Vary"]


def test_links_start_with_the_base_that_was_asked(client: FlaskClient) -> None:
    for base in ("/fhir", "/fhir/r4", "/fhir/r5"):
        answer = client.get(f"{base}/Medication?_count=1")
        (entry,) = json(answer)["entry"]  # type: ignore[misc]
        assert entry["fullUrl"] == f"http://localhost{base}/Medication/m1"  # type: ignore[has-type]
        assert link(answer, "self") == f"http://localhost{base}/Medication?_count=1"


def test_next_links_lead_through_every_match_once(client: FlaskClient, release: str) -> None:
    seen = []
    url: str | None = f"/fhir/{release}/Medication?_count=2&_format=json"
    while url:
        answer = client.get(url)
        seen += [entry["resource"]["id"] for entry in json(answer)["entry"]]  # type: ignore[attr-defined]
        url = link(answer, "next")
        if url:
            assert dict(parse_qsl(urlsplit(url).query)).keys() == {"_count", "_format", "_page"}
    assert seen == ["m1", "m2", "m3", "m4", "m5"]


def test_a_form_search_is_the_search_of_its_link(client: FlaskClient, release: str) -> None:
    posted = client.post(f"/fhir/{release}/Medication/_search?_count=1", data={"_id": "m1,m2"})
    assert link(posted, "self") == f"http://localhost/fhir/{release}/Medication?_id=m1,m2&_count=1"
    assert json(client.get(link(posted, "self") or "")) == json(posted)


def test_an_unknown_parameter_is_ignored_on_request_and_said(client: FlaskClient, release: str) -> None:
    url = f"/fhir/{release}/Medication?colour=blue&_id=m1"
    answer = client.get(url, headers={"Prefer": "handling=lenient"})
    match, remark = json(answer)["entry"]  # type: ignore[misc]
    assert match["search"]["mode"] == "match"  # type: ignore[has-type]
    assert remark["search"]["mode"] == "outcome"  # type: ignore[has-type]
    (issue,) = remark["resource"]["issue"]  # type: ignore[has-type]
    assert issue["severity"] == "warning"
    assert "colour" in issue["diagnostics"]
    assert "colour" not in (link(answer, "self") or "")
    assert json(answer)["total"] == 1


def test_a_binary_answers_its_content_in_a_sandbox(client: FlaskClient, release: str) -> None:
    for accept in ("*/*", "text/html,*/*;q=0.8", "image/png"):
        answer = client.get(f"/fhir/{release}/Binary/page", headers={"Accept": accept})
        assert answer.data == b"<!doctype html><title>Education</title>"
        assert answer.headers["Content-Type"] == "text/html"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["ETag"] == 'W/"1"'


def test_a_binary_is_a_resource_when_a_fhir_type_is_asked_for(client: FlaskClient, release: str) -> None:
    url = f"/fhir/{release}/Binary/page"
    for accept in ("application/fhir+json", "text/html;q=0.5, Application/FHIR+JSON"):
        assert json(client.get(url, headers={"Accept": accept}))["resourceType"] == "Binary"
    assert json(client.get(f"{url}?_format=json"))["resourceType"] == "Binary"


def test_pretty_breaks_lines_in_answers_and_failures(client: FlaskClient) -> None:
    assert b"\n" in client.get("/fhir/r4/Medication/m1?_pretty=true").data
    assert b"\n" in client.get("/fhir/r4/Medication/none?_pretty=true").data
    assert b"\n" not in client.get("/fhir/r4/Medication/m1?_pretty=false").data


def test_options_says_what_a_path_takes(client: FlaskClient) -> None:
    answer = client.options("/fhir/r4/Medication/m1")
    assert answer.status_code == 204
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert answer.data == b""


def test_a_preflight_is_granted_with_what_a_page_may_send(client: FlaskClient) -> None:
    asked = {
        "Origin": "https://portal.test",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "prefer,if-none-match",
    }
    for path in ("Medication/m1", "nowhere"):
        answer = client.options(f"/fhir/r4/{path}", headers=asked)
        assert answer.status_code == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "GET" in answer.headers["Access-Control-Allow-Methods"]
        sendable = answer.headers["Access-Control-Allow-Headers"].split(", ")
        named = {"Authorization", "Content-Type", "Accept", "Prefer", "If-None-Match", "Store-Position"}
        assert named <= set(sendable)
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", ["Medication/m1", "Medication", "metadata", "Medication/none", "Patient"])
def test_a_page_of_another_origin_sees_the_answer_and_its_etag(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/fhir/r4/{path}", headers={"Origin": "https://portal.test"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    for header in ("ETag", "Location", "Content-Location", "Last-Modified", "Store-Position"):
        assert header in answer.headers["Access-Control-Expose-Headers"]


def test_a_body_beyond_the_limit_is_too_long(client: FlaskClient) -> None:
    answer = client.post("/fhir/r4/Medication/_search", data={"_id": "x" * 2_000_000})
    assert answer.status_code == 413
    assert answer.json is not None
    assert answer.json["issue"][0]["code"] == "too-long"
