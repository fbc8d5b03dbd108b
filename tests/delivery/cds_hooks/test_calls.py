"""What is malformed is a 400 that names the field and never says what stood in it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_service.delivery.cds_hooks.supplied import MOST_ENTRIES
from tests.delivery.cds_hooks.calls import call

SECRET = "secret-of-the-patient"
GONE = object()
GOOD = {
    "service": "order-select",
    "age": 7,
    "drafts": [{"code": "rxnorm 5666"}],
    "conditions": [{"code": "snomed 32273002"}],
}
AUTHORIZATION = {
    "access_token": SECRET,
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "user/Patient.read",
    "subject": "cds-service",
}
WRONG_TYPES: tuple[Any, ...] = (None, 1, 1.5, True, [], [SECRET], {}, {SECRET: SECRET}, "")


def put(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The body with another value at a path; GONE takes the member away."""
    changed: Any = deepcopy(body)
    *above, last = (int(part) if part.isdigit() else part for part in path.split("."))
    at = changed
    for part in above:
        at = at[part]
    if value is GONE:
        del at[last]
    else:
        at[last] = value
    result: dict[str, Any] = changed
    return result


def refused(door: FlaskClient, body: Any, service: str = "order-select") -> list[str]:
    answer = door.post(f"/cds-services/education-{service}", json=body)
    assert answer.status_code == 400, answer.text
    assert SECRET not in answer.text
    return [issue["expression"][0] for issue in answer.get_json()["issue"] if "expression" in issue]


def spelled(wrong: Any) -> str:
    """The same in every process that runs tests: an object's own text holds its address."""
    return "gone" if wrong is GONE else str(wrong)


@pytest.mark.parametrize("wrong", [GONE, *WRONG_TYPES, SECRET], ids=spelled)
@pytest.mark.parametrize("path", ["hook", "hookInstance", "context", "context.userId", "context.draftOrders"])
def test_a_required_field_that_is_wrong_or_absent_is_named(door: FlaskClient, path: str, wrong: Any) -> None:
    named = refused(door, put(call(GOOD), path, wrong))
    assert all(one.startswith(path) for one in named) and named


@pytest.mark.parametrize("wrong", [GONE, *WRONG_TYPES, "Patient/1", "a b", "x" * 65], ids=spelled)
def test_a_patient_id_is_an_id(door: FlaskClient, wrong: Any) -> None:
    assert refused(door, put(call(GOOD), "context.patientId", wrong)) == ["context.patientId"]


@pytest.mark.parametrize(
    "user", ["dr-1", "Device/1", "Practitioner/", "https://ehr.test/Practitioner/1", "Patient/a\n"]
)
def test_a_user_is_a_person_by_type_and_id(door: FlaskClient, user: str) -> None:
    assert refused(door, put(call(GOOD), "context.userId", user)) == ["context.userId"]


@pytest.mark.parametrize(
    ("path", "wrong", "named"),
    [
        ("context.encounterId", 5, "context.encounterId"),
        ("context.selections", GONE, "context.selections"),
        ("context.selections", "MedicationRequest/1", "context.selections"),
        ("context.selections", ["a", 5], "context.selections[1]"),
        ("context.draftOrders", {"resourceType": "List"}, "context.draftOrders"),
        ("context.draftOrders.entry", {"a": 1}, "context.draftOrders.entry"),
        ("context.draftOrders.entry.0", SECRET, "context.draftOrders.entry[0]"),
        ("context.draftOrders.entry.0.resource", SECRET, "context.draftOrders.entry[0].resource"),
        ("context.draftOrders.entry.0.resource", {"id": "x"}, "context.draftOrders.entry[0].resource"),
        ("prefetch", [], "prefetch"),
        ("prefetch", None, "prefetch"),
        ("prefetch.patient", {"resourceType": "Person"}, "prefetch.patient"),
        ("prefetch.patient", SECRET, "prefetch.patient"),
        ("prefetch.patient.id", "other", "prefetch.patient.id"),
        ("prefetch.patient.id", [SECRET], "prefetch.patient.id"),
        ("prefetch.conditions", {"resourceType": "Condition"}, "prefetch.conditions"),
        ("prefetch.conditions.entry.0", None, "prefetch.conditions.entry[0]"),
        ("prefetch.medications", 7, "prefetch.medications"),
        ("fhirServer", "ehr", "fhirServer"),
        ("fhirServer", None, "fhirServer"),
        ("fhirServer", {"a": SECRET}, "fhirServer"),
        ("fhirAuthorization", SECRET, "fhirAuthorization"),
        ("fhirAuthorization", {**AUTHORIZATION, "token_type": SECRET}, "fhirAuthorization.token_type"),
        ("fhirAuthorization", {**AUTHORIZATION, "expires_in": SECRET}, "fhirAuthorization.expires_in"),
        ("fhirAuthorization", {**AUTHORIZATION, "expires_in": True}, "fhirAuthorization.expires_in"),
        ("fhirAuthorization", {**AUTHORIZATION, "scope": ""}, "fhirAuthorization.scope"),
        ("fhirAuthorization", {**AUTHORIZATION, "access_token": None}, "fhirAuthorization.access_token"),
    ],
)
def test_what_is_malformed_is_named(door: FlaskClient, path: str, wrong: Any, named: str) -> None:
    assert refused(door, put(call(GOOD), path, wrong)) == [named]


def test_every_malformed_field_is_named_at_once(door: FlaskClient) -> None:
    body = put(put(call(GOOD), "context.patientId", 1), "hookInstance", "x")
    assert refused(door, body) == ["hookInstance", "context.patientId"]


def test_an_access_token_needs_its_server(door: FlaskClient) -> None:
    body = put(call(GOOD) | {"fhirAuthorization": AUTHORIZATION}, "fhirServer", GONE)
    assert refused(door, body) == ["fhirServer"]


def test_an_access_token_is_not_needed_and_does_no_harm(door: FlaskClient) -> None:
    body = call(GOOD) | {"fhirAuthorization": AUTHORIZATION}
    answer = door.post("/cds-services/education-order-select", json=body)
    assert len(answer.get_json()["cards"]) == 1
    assert SECRET not in answer.text


def test_the_hook_is_that_of_the_service(door: FlaskClient) -> None:
    assert refused(door, call(GOOD), "order-sign") == ["hook"]


def test_a_discharge_names_its_encounter(door: FlaskClient) -> None:
    said = {"service": "encounter-discharge", "age": 7, "medications": []}
    assert refused(door, call(said), "encounter-discharge") == ["context.encounterId"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"null", b"1e999", b'{"a": NaN}', b'{"a":1,"a":2}']
)
def test_what_is_no_json_object_is_refused(door: FlaskClient, body: bytes) -> None:
    answer = door.post(
        "/cds-services/education-patient-view", data=body, content_type="application/json; charset=utf-8"
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b'{"a": "\xc3"}', b"[" * 100_000, b'{"a":' * 200 + b"1" + b"}" * 200]
)
def test_bytes_and_depths_that_nobody_means_are_refused(door: FlaskClient, body: bytes) -> None:
    answer = door.post("/cds-services/education-order-sign", data=body, content_type="application/json")
    assert answer.status_code == 400


def test_a_body_that_is_too_large_is_refused(door: FlaskClient) -> None:
    body = b'{"hook": "' + b"x" * 32_000_000 + b'"}'
    answer = door.post("/cds-services/education-order-sign", data=body, content_type="application/json")
    assert answer.status_code == 413
    assert answer.get_json()["issue"][0]["code"] == "too-long"


def test_a_bundle_of_more_entries_than_anybody_has_is_refused(door: FlaskClient) -> None:
    entries = [{"resource": {"resourceType": "Basic"}}] * MOST_ENTRIES
    body = put(call(GOOD), "prefetch.medications", {"resourceType": "Bundle", "entry": entries})
    assert len(door.post("/cds-services/education-order-select", json=body).get_json()["cards"]) == 1
    entries.append(entries[0])
    assert refused(door, body) == ["prefetch.medications.entry"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/fhir+json", "application/xml", ""])
def test_another_media_type_is_refused(door: FlaskClient, content_type: str) -> None:
    answer = door.post("/cds-services/education-order-sign", data=b"{}", content_type=content_type)
    assert answer.status_code == 415


def test_a_compressed_body_is_refused_and_not_taken_for_json(door: FlaskClient) -> None:
    headers = {"Content-Encoding": "gzip"}
    answer = door.post("/cds-services/education-order-sign", json={}, headers=headers)
    assert answer.status_code == 415
    assert answer.get_json()["issue"][0]["expression"] == ["http.Content-Encoding"]


def test_members_that_nobody_knows_are_ignored(door: FlaskClient) -> None:
    body = call(GOOD)
    body["context"]["somethingNew"] = body["prefetch"]["theirs"] = [None, {"x": {}}]
    body["extension"] = {"com.ehr.version": None}
    body["context"]["draftOrders"]["entry"].insert(0, {"response": {"status": "200"}})
    assert len(door.post("/cds-services/education-order-select", json=body).get_json()["cards"]) == 1
