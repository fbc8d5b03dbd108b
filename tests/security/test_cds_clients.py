"""The tokens of CDS Hooks clients: with every call, for it alone, by a listed issuer with a listed key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey

from fhir_service import create_app
from fhir_service.content.published import RESOURCES
from fhir_service.delivery import cds_hooks
from fhir_service.delivery.cds_hooks.services import SERVICES
from fhir_service.delivery.doors import Doors
from fhir_service.errors import Unauthorized
from fhir_service.security.cds_clients import CdsClients
from fhir_service.security.configuration import check_security, open_cds_clients
from fhir_service.settings import Settings, SettingsError
from fhir_service.topics import Topics
from tests.delivery.cds_hooks.calls import TODAY, call
from tests.memory_store import MemoryStore
from tests.security.conftest import NOW, Clock, MemoryUses, Signing

ENDPOINT = "https://cds.test/cds-services/education-order-sign"
KEY_URL = "https://ehr.test/jwks"
Check = Callable[..., None]


def claims(client: Signing, **changes: Any) -> dict[str, Any]:
    """A good token but for `changes`; None takes a claim away."""
    whole = {
        "iss": client.name,
        "aud": ENDPOINT,
        "exp": NOW + 300,
        "iat": NOW,
        "jti": "ee22b021-e1b7-4611-ba5b-8eec6a33ac1e",
        "tenant": "2ddd6c3a-8e9a-44c6-a305-52111ad302a2",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def signed(client: Signing, header: dict[str, Any] | None = None, **changes: Any) -> str:
    return client.sign(claims(client, **changes), **{"typ": "JWT", **(header or {})})


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.fixture
def file(tmp_path: Path, loader: Signing, portal: Signing) -> str:
    """Two clients: one with key URLs beside its keys, one with keys alone."""
    path = tmp_path / "cds-clients.json"
    listed = {"loader": {"jwks": loader.jwks, "jku": [KEY_URL]}, "portal": {"jwks": portal.jwks}}
    path.write_text(json.dumps(listed))
    return str(path)


@pytest.fixture
def clients(file: str, clock: Clock) -> CdsClients:
    opened = open_cds_clients(Settings(cds_clients=file), MemoryUses, clock)
    assert opened is not None
    return opened


@pytest.fixture
def check(clients: CdsClients) -> Check:
    def checked(token: str, endpoint: str = ENDPOINT) -> None:
        clients.authenticate(f"Bearer {token}", endpoint)

    return checked


def refusal(check: Check, token: str, endpoint: str = ENDPOINT) -> str:
    with pytest.raises(Unauthorized) as refused:
        check(token, endpoint)
    return str(refused.value)


@pytest.mark.parametrize("name", ["loader", "portal"])
def test_a_client_is_let_in_by_a_signed_token(
    check: Check, request: pytest.FixtureRequest, name: str
) -> None:
    check(signed(request.getfixturevalue(name)))


def test_a_single_audience_may_be_written_as_a_list(check: Check, loader: Signing) -> None:
    check(signed(loader, aud=[ENDPOINT]))


def test_a_listed_key_url_is_taken(check: Check, loader: Signing) -> None:
    check(signed(loader, {"jku": KEY_URL}))


@pytest.mark.parametrize("url", ["https://ehr.test/jwks2", "https://ehr.test/jwks/", "https://evil.test/"])
def test_another_key_url_is_refused_and_never_asked(
    check: Check, loader: Signing, portal: Signing, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr("fhir_service.security.key_urls._fetch", lambda _: pytest.fail("fetched"))
    assert "jku" in refusal(check, signed(loader, {"jku": url}))
    assert "jku" in refusal(check, signed(portal, {"jku": KEY_URL}))


@pytest.mark.parametrize("url", ["", 5, [KEY_URL]])
def test_a_key_url_that_is_none_is_refused(check: Check, loader: Signing, url: Any) -> None:
    header = {"alg": loader.alg, "kid": loader.key.kid, "typ": "JWT", "jku": url}
    assert refusal(check, ".".join((encoded(header), encoded(claims(loader)), "c2ln")))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"aud": "https://cds.test/cds-services"}, "aud"),
        ({"aud": f"{ENDPOINT}/"}, "aud"),
        ({"aud": [ENDPOINT, "https://other.test"]}, "more than the URL"),
        ({"aud": None}, "aud"),
        ({"exp": NOW - 60}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": NOW + 4000}, "more than an hour"),
        ({"iat": None}, "iat"),
        ({"iat": NOW + 600}, "iat"),
        ({"jti": None}, "jti"),
        ({"jti": 5}, "jti"),
        ({"iss": "portal"}, "kid and alg"),
        ({"iss": "nobody"}, "kid and alg"),
        ({"iss": None}, "kid and alg"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(
    check: Check, loader: Signing, changes: dict[str, Any], told: str
) -> None:
    assert told in refusal(check, signed(loader, **changes))


@pytest.mark.parametrize("header", [{"typ": "at+jwt"}, {"typ": ""}, {"kid": None}, {"kid": "other"}])
def test_a_token_with_a_wrong_header_is_refused(
    check: Check, loader: Signing, header: dict[str, Any]
) -> None:
    assert "typ" in refusal(check, signed(loader, header)) or "kid" in refusal(check, signed(loader, header))


def test_a_token_is_taken_once(check: Check, loader: Signing, portal: Signing) -> None:
    token = signed(loader)
    check(token)
    assert "used before" in refusal(check, token)
    check(signed(portal))  # with the same jti: it is unique for its issuer only


def test_a_refused_token_is_not_used_up(check: Check, loader: Signing) -> None:
    token = signed(loader)
    assert "aud" in refusal(check, token, f"{ENDPOINT}/feedback")
    check(token)


def test_a_stranger_with_a_known_name_and_kid_is_refused(check: Check, stranger: Signing) -> None:
    assert "signature" in refusal(check, signed(stranger))


def test_a_token_without_a_signature_is_refused(check: Check, loader: Signing) -> None:
    header = {"alg": "none", "kid": loader.key.kid, "typ": "JWT"}
    assert "alg" in refusal(check, f"{encoded(header)}.{encoded(claims(loader))}.")


def test_a_public_key_is_no_secret_for_hmac(check: Check, loader: Signing) -> None:
    header = {"alg": "HS384", "typ": "JWT", "kid": loader.key.kid}
    secret = OctKey.import_key(json.dumps(loader.jwks["keys"][0]))
    assert "alg" in refusal(check, jwt.encode(header, claims(loader), secret, algorithms=["HS384"]))


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer a.b.c", "Bearer é", "x" * 9000]
)
def test_what_is_no_token_is_refused(clients: CdsClients, header: str | None) -> None:
    with pytest.raises(Unauthorized):
        clients.authenticate(header, ENDPOINT)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({}, "an entry for each name"),
        ({"a": {}}, "`a`: allowed: jwks"),
        ({"a": {"jku": ["http://ehr.test/jwks"]}}, "jku: allowed: https://"),
        ({"a": {"jku": ["jwks"]}}, "jku"),
        ({"a": {"jku": "https://ehr.test/jwks"}}, "jku"),
        ({"a": {"jwks": {"keys": []}}}, "jwks: has no key"),
        ({"a": {"jwks": "gone.json"}}, "cannot be read"),
        ({"a": {"jwks": "https://ehr.test/jwks"}}, "keys are not fetched"),
        ({"a": {"secret": "x"}}, "Unknown field"),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path, content: Any, told: str) -> None:
    path = tmp_path / "cds-clients.json"
    path.write_text(json.dumps(content))
    with pytest.raises(SettingsError, match="FHIR_SERVICE_CDS_CLIENTS") as refused:
        check_security(Settings(cds_clients=str(path)))
    assert told in str(refused.value)


@pytest.fixture
def guarded(clients: CdsClients) -> FlaskClient:
    """The door of a service that knows its clients."""
    app = Flask(__name__)
    doors = Doors(Settings(), Topics(RESOURCES), today=lambda: TODAY, cds_clients=clients)
    app.register_blueprint(cds_hooks.create_blueprint(doors))
    return app.test_client()


def test_the_whole_service_lets_in_nobody_else(file: str) -> None:
    client = create_app(Settings(cds_clients=file), MemoryStore()).test_client()
    assert client.get("/cds-services").status_code == 401
    assert client.get("/livez").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/cds-services"),
        *(("POST", f"/cds-services/{service}") for service in SERVICES),
        ("POST", "/cds-services/education-order-sign/feedback"),
        ("GET", "/cds-services/unknown"),
    ],
)
def test_every_call_needs_a_token_for_its_own_url(
    guarded: FlaskClient, loader: Signing, method: str, path: str
) -> None:
    bare = guarded.open(path, method=method)
    assert bare.status_code == 401
    assert bare.headers["WWW-Authenticate"] == "Bearer"
    assert bare.get_json()["issue"][0]["code"] == "login"
    assert bare.headers["Cache-Control"] == "no-store"
    token = signed(loader, aud=f"http://localhost{path}")
    headers = {"Authorization": f"Bearer {token}"}
    allowed = guarded.open(path, method=method, headers=headers)
    assert allowed.status_code != 401
    assert allowed.headers["Cache-Control"] == "no-store"
    again = guarded.open(path, method=method, headers=headers)
    assert again.status_code == 401
    assert "used before" in again.get_json()["issue"][0]["diagnostics"]


def test_a_call_with_a_token_is_answered(guarded: FlaskClient, loader: Signing) -> None:
    said = {"service": "order-sign", "age": 7, "drafts": [{"code": "rxnorm 5666"}], "conditions": []}
    path = "/cds-services/education-order-sign"
    headers = {"Authorization": f"Bearer {signed(loader, aud=f'http://localhost{path}')}"}
    assert len(guarded.post(path, json=call(said), headers=headers).get_json()["cards"]) == 1


def test_a_browser_asks_before_it_has_a_token(guarded: FlaskClient) -> None:
    answer = guarded.options("/cds-services", headers={"Access-Control-Request-Method": "GET"})
    assert answer.status_code == 204
