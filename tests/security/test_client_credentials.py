"""https://hl7.org/fhir/smart-app-launch/backend-services.html"""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from fhir_service.security.client_credentials import Authority, grant
from fhir_service.security.configuration import open_security
from fhir_service.security.errors import OAuthError
from fhir_service.security.scopes import written
from fhir_service.security.tokens import CLOCK_SKEW_SECONDS, Verifier
from fhir_service.settings import Settings
from tests.security.conftest import NOW, TOKEN_URL, Clock, MemoryUses, Signing, form


@pytest.fixture
def authority(settings: Settings, clock: Clock) -> Authority:
    made = open_security(settings, MemoryUses, clock).authority
    assert made is not None
    return made


def refusal(authority: Authority, asked: dict[str, str]) -> tuple[str, str]:
    with pytest.raises(OAuthError) as caught:
        grant(asked, TOKEN_URL, authority)
    return caught.value.error, caught.value.description


def test_a_client_gets_a_token_for_what_it_asks(
    authority: Authority, clock: Clock, loader: Signing, portal: Signing
) -> None:
    verifier = Verifier({authority.signer.url: authority.signer.issuer}, clock)
    for client, scope in ((loader, "system/Medication.cud"), (portal, "system/Medication.rs")):
        answer = grant(form(client.assertion(), scope), TOKEN_URL, authority)
        assert (answer.token_type, answer.expires_in, answer.scope) == ("bearer", 300, scope)
        assert written(verifier.scopes(answer.access_token)) == scope


def test_a_client_that_asks_for_more_gets_what_it_is_registered_for(
    authority: Authority, portal: Signing
) -> None:
    answer = grant(form(portal.assertion(), "system/*.cruds"), TOKEN_URL, authority)
    assert answer.scope == "system/Medication.rs system/Binary.r"


@pytest.mark.parametrize("scope", ["system/Medication.c", "system/Basic.rs", "", "openid", "patient/*.rs"])
def test_a_scope_that_is_not_granted_is_refused(authority: Authority, portal: Signing, scope: str) -> None:
    assert refusal(authority, form(portal.assertion(), scope))[0] == "invalid_scope"


def test_a_refused_scope_is_quoted_in_the_characters_that_oauth_allows(
    authority: Authority, portal: Signing
) -> None:
    _, said = refusal(authority, form(portal.assertion(), 'a"b\\é'))
    assert said == "Not supported: a?b??"


def test_a_replayed_assertion_is_refused(authority: Authority, loader: Signing) -> None:
    assertion = loader.assertion()
    grant(form(assertion), TOKEN_URL, authority)
    error, said = refusal(authority, form(assertion))
    assert error == "invalid_client"
    assert "used before" in said


def test_an_assertion_is_remembered_until_it_cannot_be_used_any_more(
    authority: Authority, loader: Signing
) -> None:
    grant(form(loader.assertion()), TOKEN_URL, authority)
    assert isinstance(authority.used, MemoryUses)
    assert list(authority.used.keys.values()) > [NOW + 240 + CLOCK_SKEW_SECONDS]


def test_two_clients_may_use_the_same_jti(authority: Authority, loader: Signing, portal: Signing) -> None:
    for client in (loader, portal):
        grant(form(client.assertion(jti="1")), TOKEN_URL, authority)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exp": NOW - CLOCK_SKEW_SECONDS}, "has expired"),
        ({"exp": NOW + 300 + CLOCK_SKEW_SECONDS + 1}, "more than five minutes"),
        ({"exp": None}, "claim exp"),
        ({"exp": True}, "claim exp"),
        ({"nbf": NOW + CLOCK_SKEW_SECONDS + 1}, "claim nbf"),
        ({"aud": "https://other.test/auth/token"}, "claim aud"),
        ({"aud": "http://localhost"}, "claim aud"),
        ({"aud": [TOKEN_URL, "https://other.test/token"]}, "names more than the token URL"),
        ({"aud": []}, "names more than the token URL"),
        ({"aud": None}, "claim aud"),
        ({"sub": "portal"}, "claim sub"),
        ({"sub": None}, "claim sub"),
        ({"jti": None}, "claim jti"),
        ({"jti": ""}, "claim jti"),
        ({"jti": 1}, "claim jti"),
        ({"iss": None}, "no registered key"),
        ({"iss": "portal"}, "no registered key"),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    authority: Authority, loader: Signing, changes: dict[str, Any], said: str
) -> None:
    error, description = refusal(authority, form(loader.assertion(**changes)))
    assert error == "invalid_client"
    assert said in description


def test_a_single_audience_may_be_written_as_a_list(authority: Authority, loader: Signing) -> None:
    assert grant(form(loader.assertion(aud=[TOKEN_URL])), TOKEN_URL, authority).access_token


def test_a_refused_assertion_is_not_used_up(authority: Authority, loader: Signing) -> None:
    refusal(authority, form(loader.assertion(jti="1", aud="https://other.test")))
    assert grant(form(loader.assertion(jti="1")), TOKEN_URL, authority).access_token


def test_an_unknown_client_hears_the_same_as_one_with_a_wrong_key(
    authority: Authority, loader: Signing
) -> None:
    unknown = replace(loader, name="nobody")
    wrong = loader.assertion(header={"kid": "loader-2"})
    assert refusal(authority, form(unknown.assertion())) == refusal(authority, form(wrong))
    assert refusal(authority, form(wrong))[0] == "invalid_client"


def test_a_stranger_who_names_a_known_client_and_key_is_refused(
    authority: Authority, stranger: Signing
) -> None:
    error, said = refusal(authority, form(stranger.assertion()))
    assert error == "invalid_client"
    assert "signature" in said


def test_an_assertion_without_algorithm_is_refused(authority: Authority, loader: Signing) -> None:
    claims = loader.assertion().split(".")[1]
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "loader-1"}).encode()).rstrip(b"=")
    assert "alg is not allowed" in refusal(authority, form(f"{header.decode()}.{claims}."))[1]


def test_a_public_key_used_as_a_secret_for_hmac_is_refused(authority: Authority, portal: Signing) -> None:
    key = OctKey.import_key(json.dumps(portal.jwks["keys"][0]))
    claims = {"iss": "portal", "sub": "portal", "aud": TOKEN_URL, "exp": NOW + 60, "jti": "hmac"}
    forged = jwt.encode({"alg": "HS384", "kid": "portal-1"}, claims, key, algorithms=["HS384"])
    assert "alg is not allowed" in refusal(authority, form(forged))[1]


def test_only_the_two_algorithms_of_smart_are_allowed(authority: Authority, portal: Signing) -> None:
    key = RSAKey.import_key(portal.key.as_dict(private=True))
    other = Signing("portal", key, "RS256")
    assert "alg is not allowed" in refusal(authority, form(other.assertion()))[1]


def test_an_access_token_is_no_assertion(authority: Authority, loader: Signing) -> None:
    token = grant(form(loader.assertion()), TOKEN_URL, authority).access_token
    assert refusal(authority, form(token))[0] == "invalid_client"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        (
            {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
            "invalid_request",
        ),
        ({"client_assertion_type": ""}, "invalid_request"),
        ({"client_assertion": ""}, "invalid_request"),
        ({"client_assertion": "x"}, "invalid_client"),
        ({"client_id": "portal"}, "invalid_client"),
    ],
)
def test_a_request_with_a_wrong_parameter_is_refused_in_oauths_words(
    authority: Authority, loader: Signing, changes: dict[str, str], error: str
) -> None:
    assert refusal(authority, form(loader.assertion(), **changes))[0] == error
