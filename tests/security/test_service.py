"""Tokens in the whole service, over a database: what `create_app` wires together."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_service import create_app
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings
from fhir_service.store import open_store
from tests.security.conftest import Signing, form

RESOURCE = {"resourceType": "Medication", "status": "active"}
FHIR_JSON = {"Content-Type": "application/fhir+json"}


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    store = open_store(settings.database_url)
    store.create_tables()
    store.close()
    return create_app(settings).test_client()


def token(client: FlaskClient, signing: Signing, scope: str) -> dict[str, str]:
    """The header with a fresh access token."""
    assertion = signing.assertion(exp=int(time.time()) + 200, jti=None)
    assert client.post("/auth/token", data=form(assertion, scope)).status_code == 400  # without jti
    assertion = signing.assertion(exp=int(time.time()) + 200)
    answer = client.post("/auth/token", data=form(assertion, scope)).get_json()
    return {"Authorization": f"Bearer {answer['access_token']}"}


def entries(response: TestResponse) -> list[str]:
    """The types of the resources of a searchset."""
    assert response.status_code == 200
    return [entry["resource"]["resourceType"] for entry in response.get_json()["entry"]]


def issue_code(response: TestResponse) -> str:
    answer = response.get_json()
    assert answer["resourceType"] == "OperationOutcome"
    code: str = answer["issue"][0]["code"]
    return code


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("path", ["Medication", "Medication/m1", "Medication/m1/_history/1"])
def test_reading_without_a_token_is_refused(client: FlaskClient, release: str, path: str) -> None:
    response = client.get(f"/fhir/{release}/{path}")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert issue_code(response) == "login"


def test_a_token_in_the_url_is_not_looked_at(client: FlaskClient, loader: Signing) -> None:
    value = token(client, loader, "system/*.rs")["Authorization"].removeprefix("Bearer ")
    assert client.get(f"/fhir/r4/Medication?access_token={value}").status_code == 401


def test_what_the_service_can_do_is_told_to_everybody(client: FlaskClient) -> None:
    assert client.get("/fhir/r4/metadata").status_code == 200
    found = client.get("/fhir/r4/.well-known/smart-configuration")
    assert found.get_json()["token_endpoint"] == "http://localhost/auth/token"
    assert set(client.options(found.request.path).allow) == {"GET", "HEAD", "OPTIONS"}


def test_reading_and_writing_need_their_scopes(client: FlaskClient, loader: Signing) -> None:
    body = json.dumps(RESOURCE)
    read, write = (token(client, loader, f"system/Medication.{actions}") for actions in ("rs", "c"))
    assert client.post("/fhir/r4/Medication", data=body, headers=FHIR_JSON).status_code == 401
    refused = client.post("/fhir/r4/Medication", data=body, headers=FHIR_JSON | read)
    assert (refused.status_code, issue_code(refused)) == (403, "forbidden")
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert client.post("/fhir/r4/Medication", data=body, headers=FHIR_JSON | write).status_code == 201
    assert client.get("/fhir/r4/Medication", headers=write).status_code == 403
    assert client.get("/fhir/r4/Medication", headers=read).get_json()["total"] == 1
    assert client.get("/fhir/r4/Basic", headers=read).status_code == 403


def test_a_search_shows_and_looks_into_no_type_without_scope(client: FlaskClient, loader: Signing) -> None:
    everything = token(client, loader, "system/*.cruds") | FHIR_JSON
    organization = {"resourceType": "Organization", "id": "maker", "name": "Maker"}
    medication = RESOURCE | {"manufacturer": {"reference": "Organization/maker"}}
    assert client.put("/fhir/r4/Organization/maker", json=organization, headers=everything).status_code == 201
    assert client.post("/fhir/r4/Medication", json=medication, headers=everything).status_code == 201
    included = "/fhir/r4/Medication?_include=Medication:manufacturer"
    chained = "/fhir/r4/Medication?manufacturer:Organization.name=maker"
    below = "/fhir/r4/Medication?manufacturer:below=Organization/maker"

    assert entries(client.get(included, headers=everything)) == ["Medication", "Organization"]
    for url in (chained, below):
        assert entries(client.get(url, headers=everything)) == ["Medication"]
    narrow = token(client, loader, "system/Medication.rs")
    assert entries(client.get(included, headers=narrow)) == ["Medication"]
    known = client.get(included, headers=narrow).headers["ETag"]
    wider = client.get(included, headers=everything | {"If-None-Match": known})
    assert wider.status_code == 200, "what a narrower token was shown is not what this one is"
    for url in (chained, below):
        assert client.get(url, headers=narrow).status_code in (400, 403)


def test_an_answer_to_a_token_is_for_no_shared_cache(client: FlaskClient, loader: Signing) -> None:
    response = client.get("/fhir/r4/Medication", headers=token(client, loader, "system/*.rs"))
    assert "private" in response.headers["Cache-Control"]
    assert "Authorization" in response.headers["Vary"]


def test_an_assertion_that_one_worker_saw_is_refused_by_another(
    client: FlaskClient, settings: Settings, loader: Signing
) -> None:
    asked = form(loader.assertion(exp=int(time.time()) + 200))
    other = create_app(settings).test_client()
    assert client.post("/auth/token", data=asked).status_code == 200
    assert other.post("/auth/token", data=asked).get_json()["error"] == "invalid_client"


def test_a_token_is_never_written_to_disk(
    client: FlaskClient, settings: Settings, loader: Signing, tmp_path: Path
) -> None:
    value = token(client, loader, "system/*.rs")["Authorization"].removeprefix("Bearer ").encode()
    for path in tmp_path.rglob("*"):
        assert value not in path.read_bytes()
