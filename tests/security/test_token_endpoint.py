"""https://hl7.org/fhir/smart-app-launch/backend-services.html over HTTP"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_service.delivery import auth
from fhir_service.delivery.fhir import rendering
from fhir_service.delivery.fhir.negotiation import FORM
from fhir_service.security.configuration import open_security
from fhir_service.security.guard import authorise
from fhir_service.settings import Settings
from tests.security.conftest import Clock, MemoryUses, Signing, form


def client_of(settings: Settings, clock: Clock) -> FlaskClient:
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(auth.create_blueprint(settings, open_security(settings, MemoryUses, clock)))
    app.register_error_handler(Exception, rendering.render_failure)
    return app.test_client()


@pytest.fixture
def client(settings: Settings, clock: Clock) -> FlaskClient:
    return client_of(settings, clock)


def error_of(response: TestResponse) -> tuple[int, str]:
    assert response.headers["Cache-Control"] == "no-store"
    assert response.mimetype == "application/json"
    return response.status_code, response.get_json()["error"]


def test_a_client_gets_a_token_that_opens_what_it_was_granted(
    client: FlaskClient, settings: Settings, clock: Clock, loader: Signing
) -> None:
    response = client.post("/auth/token", data=form(loader.assertion(), "system/Medication.cud"))
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"
    answer = response.get_json()
    token = answer.pop("access_token")
    assert answer == {"token_type": "bearer", "expires_in": 300, "scope": "system/Medication.cud"}
    guard = open_security(settings, MemoryUses, clock).guard
    assert authorise(f"Bearer {token}", guard, "create", "Medication")


def test_the_audience_is_the_url_that_clients_call(settings: Settings, clock: Clock, loader: Signing) -> None:
    client = client_of(replace(settings, base_url="https://education.test/service"), clock)
    assertion = loader.assertion(aud="https://education.test/service/auth/token")
    assert client.post("/auth/token", data=form(assertion)).status_code == 200
    assert error_of(client.post("/auth/token", data=form(loader.assertion()))) == (400, "invalid_client")


def test_a_replayed_assertion_is_refused(client: FlaskClient, loader: Signing) -> None:
    asked = form(loader.assertion())
    assert client.post("/auth/token", data=asked).status_code == 200
    assert error_of(client.post("/auth/token", data=asked)) == (400, "invalid_client")


def test_a_refusal_is_told_in_oauths_words(client: FlaskClient, portal: Signing) -> None:
    response = client.post("/auth/token", data=form(portal.assertion(), "system/Basic.c"))
    assert error_of(response) == (400, "invalid_scope")
    assert response.get_json()["error_description"] == (
        "This client may have: system/Medication.rs system/Binary.r"
    )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("{}", "application/json"),
        ("grant_type=client_credentials&grant_type=client_credentials", FORM),
        (b"grant_type=\xff", FORM),
        ("grant_type=%ff", FORM),
        ("&".join(f"a{number}=" for number in range(30)), FORM),
        ("", FORM),
    ],
)
def test_a_request_that_is_no_plain_form_is_invalid(
    client: FlaskClient, body: str | bytes, content_type: str
) -> None:
    response = client.post("/auth/token", data=body, content_type=content_type)
    assert error_of(response) == (400, "invalid_request")


def test_a_client_with_a_password_is_told_the_scheme_that_works(client: FlaskClient, loader: Signing) -> None:
    response = client.post("/auth/token", data=form(loader.assertion()), auth=("loader", "secret"))
    assert error_of(response) == (401, "invalid_client")
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_token_is_only_posted_for(client: FlaskClient) -> None:
    response = client.get("/auth/token")
    assert response.status_code == 405
    assert response.get_json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("base", ["/fhir", "/fhir/r4", "/fhir/r4b", "/fhir/r5"])
def test_the_smart_configuration_stands_below_each_base(client: FlaskClient, base: str) -> None:
    response = client.get(
        f"{base}/.well-known/smart-configuration", headers={"Accept": "application/fhir+json"}
    )
    assert response.mimetype == "application/json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.get_json() == {
        "token_endpoint": "http://localhost/auth/token",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES384", "RS384"],
        "scopes_supported": ["system/*.cruds"],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }


def test_scopes_for_writing_are_not_offered_while_writing_is_off(settings: Settings, clock: Clock) -> None:
    client = client_of(replace(settings, writes="off"), clock)
    found = client.get("/fhir/.well-known/smart-configuration").get_json()
    assert found["scopes_supported"] == ["system/*.rs"]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/auth/token"), ("GET", "/fhir/r4/.well-known/smart-configuration")]
)
def test_without_tokens_there_is_no_token_endpoint(clock: Clock, method: str, path: str) -> None:
    response = client_of(Settings(), clock).open(path, method=method)
    assert response.status_code == 404
    assert response.get_json()["issue"][0]["code"] == "not-supported"


def test_the_token_endpoint_of_another_issuer_is_named_when_there_is_no_own(
    settings: Settings, clock: Clock, issuer: Signing
) -> None:
    assert settings.token_issuers is not None
    path = Path(settings.token_issuers)
    issuers = json.loads(path.read_text())
    issuers[issuer.name]["token_endpoint"] = "https://issuer.test/token"
    path.write_text(json.dumps(issuers))
    client = client_of(replace(settings, token_clients=None), clock)
    found = client.get("/fhir/.well-known/smart-configuration").get_json()
    assert found["token_endpoint"] == "https://issuer.test/token"


def test_no_token_and_no_assertion_reaches_the_log(
    client: FlaskClient, loader: Signing, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assertion = loader.assertion()
    token = client.post("/auth/token", data=form(assertion)).get_json()["access_token"]
    client.post("/auth/token", data=form(assertion))
    for secret in (*assertion.split("."), *token.split(".")):
        assert secret not in caplog.text
