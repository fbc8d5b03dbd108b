"""Writing over HTTP: what the scenarios of tests/interactions do not see."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.delivery.fhir.reading import LARGEST_BODY
from fhir_service.settings import Settings
from fhir_service.store import open_store

XML = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"}
PATIENT = '{"resourceType":"Patient"}'


@pytest.fixture
def writable(sqlite_template: Path, tmp_path: Path) -> Iterator[FlaskClient]:
    file = tmp_path / "store.db"
    file.write_bytes(sqlite_template.read_bytes())
    store = open_store(f"sqlite:///{file}")
    with create_app(Settings(writes="open", types="all"), store).test_client() as client:
        yield client
    store.close()


def test_xml_is_taken_and_given(writable: FlaskClient, release: str) -> None:
    patient = '<Patient xmlns="http://hl7.org/fhir"><gender value="{}"/></Patient>'
    made = writable.post(f"/fhir/{release}/Patient", data=patient.format("male"), headers=XML)
    assert made.status_code == 201
    assert '<gender value="male"/>' in made.text
    refused = writable.post(f"/fhir/{release}/Patient", data=patient.format("boy"), headers=XML)
    assert refused.status_code == 422
    assert '<expression value="Patient.gender"/>' in refused.text


def test_at_the_plain_base_the_body_says_its_release(writable: FlaskClient) -> None:
    body = {"Content-Type": "application/fhir+json; fhirVersion=5.0"}
    made = writable.post("/fhir/Patient", data=PATIENT, headers=body)
    assert made.status_code == 201
    # Who follows the address without naming a release must find it all the same.
    assert made.headers["Location"].startswith("http://localhost/fhir/r5/Patient/")
    assert writable.get(made.headers["Location"]).status_code == 200
    default = writable.post("/fhir/Binary", data=b"x", headers={"Content-Type": "image/png"})
    assert default.headers["Location"].startswith("http://localhost/fhir/Binary/")
    assert writable.get("/fhir/r5/Patient").json["total"] == 1  # type: ignore[index]
    assert writable.get("/fhir/r4/Patient").json["total"] == 0  # type: ignore[index]
    both = {**body, "Accept": "application/fhir+json; fhirVersion=4.0"}
    assert writable.post("/fhir/Patient", data=PATIENT, headers=both).status_code == 406


def test_what_is_written_may_be_large_but_not_endless(writable: FlaskClient) -> None:
    image = {"Content-Type": "image/png", "Prefer": "return=minimal"}
    assert writable.post("/fhir/r4/Binary", data=b"x" * 2_000_000, headers=image).status_code == 201
    refused = writable.post("/fhir/r4/Binary", data=b"x" * (LARGEST_BODY + 1), headers=image)
    assert refused.status_code == 413
    assert refused.json is not None and refused.json["issue"][0]["code"] == "too-long"


def test_content_that_may_have_been_cut_off_becomes_no_binary(writable: FlaskClient) -> None:
    """Of JSON and XML the end is seen; of an image it is not."""
    chunked = {"Transfer-Encoding": "chunked"}
    told = {"wsgi.input_terminated": True}
    sent = {"headers": {"Content-Type": "image/png", **chunked}, "environ_overrides": told}
    refused = writable.post("/fhir/r4/Binary", data=b"half", **sent)
    assert refused.status_code == 400
    assert refused.json is not None and refused.json["issue"][0]["expression"] == ["http.Content-Length"]
    sent["headers"] = {"Content-Type": "application/fhir+json", **chunked}
    assert writable.post("/fhir/r4/Patient", data=PATIENT, **sent).status_code == 201


def test_a_part_of_a_body_is_not_taken_for_all_of_it(writable: FlaskClient) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-14.5"""
    part = {"Content-Type": "image/png", "Content-Range": "bytes 0-4/100"}
    refused = writable.put("/fhir/r4/Binary/b", data=b"start", headers=part)
    assert refused.status_code == 400
    assert refused.json is not None and refused.json["issue"][0]["expression"] == ["http.Content-Range"]


def test_where_nothing_can_be_written_a_batch_only_reads(client: FlaskClient) -> None:
    entries = [
        {"request": {"method": "GET", "url": "Medication/m2"}},
        {"request": {"method": "DELETE", "url": "Medication/m2"}},
    ]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    answer = client.post("/fhir/r4", json=batch)
    assert answer.json is not None
    first, second = answer.json["entry"]
    assert first["resource"]["id"] == "m2"
    assert second["response"]["status"] == "405 Method Not Allowed"
    assert client.post("/fhir/r4", json={**batch, "more": "x" * 1_000_000}).status_code == 413


def test_a_client_of_another_origin_may_send_conditions(writable: FlaskClient) -> None:
    asked = {"Origin": "https://portal.test", "Access-Control-Request-Method": "PUT"}
    answer = writable.options("/fhir/r4/Patient/p", headers=asked)
    assert {"PUT", "PATCH", "DELETE"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert {"If-Match", "If-None-Exist"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
