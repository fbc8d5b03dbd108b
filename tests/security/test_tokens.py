"""https://www.rfc-editor.org/rfc/rfc9068 and https://www.rfc-editor.org/rfc/rfc8725"""

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from fhir_service.security.errors import TokenError
from fhir_service.security.keys import TOKEN_ALGORITHMS, public_keys
from fhir_service.security.parties import Issuer
from fhir_service.security.scopes import parse_scopes, written
from fhir_service.security.tokens import (
    CLOCK_SKEW_SECONDS,
    LIFETIME_SECONDS,
    Signer,
    Verifier,
    issue,
)
from tests.security.conftest import NOW, Clock, Signing

URL = "https://education.test"
AUDIENCE = "https://education.test/fhir"
SCOPES = parse_scopes("system/Medication.rs system/*.c")[0]


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer(url=URL, key=ECKey.generate_key("P-384", auto_kid=True))


@pytest.fixture
def verifier(signer: Signer, issuer: Signing, portal: Signing, clock: Clock) -> Verifier:
    """Trusts the service itself, an issuer with an elliptic curve, and one with RSA."""
    return Verifier(
        {
            URL: signer.issuer,
            issuer.name: Issuer(issuer.name, public_keys(issuer.jwks, TOKEN_ALGORITHMS), (AUDIENCE,)),
            portal.name: Issuer(portal.name, public_keys(portal.jwks, TOKEN_ALGORITHMS), ("other", AUDIENCE)),
        },
        clock,
    )


def claims(issuer: Signing, **changes: Any) -> dict[str, Any]:
    """The claims of a good token of another issuer, but for `changes`; None takes one away."""
    good = {"iss": issuer.name, "aud": AUDIENCE, "exp": NOW + 60, "scope": "system/*.rs", **changes}
    return {name: value for name, value in good.items() if value is not None}


def refusal(verifier: Verifier, token: str) -> str:
    with pytest.raises(TokenError) as caught:
        verifier.scopes(token)
    return str(caught.value)


def part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_an_own_token_allows_what_it_was_issued_for(signer: Signer, verifier: Verifier) -> None:
    token = issue(signer, "loader", SCOPES, token_id="1", now=NOW)
    assert written(verifier.scopes(token)) == written(SCOPES)


def test_an_own_token_names_client_issuer_audience_and_lifetime(signer: Signer) -> None:
    token = jwt.decode(issue(signer, "loader", SCOPES, token_id="1", now=NOW), signer.key, ["ES384"])
    assert token.header == {"typ": "at+jwt", "alg": "ES384", "kid": signer.key.kid}
    assert token.claims == {
        "iss": URL,
        "aud": URL,
        "sub": "loader",
        "client_id": "loader",
        "scope": "system/Medication.rs system/*.c",
        "iat": NOW,
        "exp": NOW + LIFETIME_SECONDS,
        "jti": "1",
    }


def test_the_service_trusts_itself_without_its_private_key(signer: Signer) -> None:
    (public,) = signer.issuer.keys
    assert not public.is_private
    assert public.kid == signer.key.kid


def test_tokens_of_other_issuers_are_believed(verifier: Verifier, issuer: Signing, portal: Signing) -> None:
    for one in (issuer, portal):
        assert written(verifier.scopes(one.sign(claims(one)))) == "system/*.rs"
        assert written(verifier.scopes(one.sign(claims(one, aud=["x", AUDIENCE])))) == "system/*.rs"


def test_an_expired_token_is_refused_also_when_it_was_good_before(
    signer: Signer, verifier: Verifier, clock: Clock
) -> None:
    token = issue(signer, "loader", SCOPES, token_id="1", now=NOW)
    verifier.scopes(token)
    clock.seconds = NOW + LIFETIME_SECONDS + CLOCK_SKEW_SECONDS
    assert refusal(verifier, token) == "It has expired"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"exp": NOW - CLOCK_SKEW_SECONDS}, "It has expired"),
        ({"exp": None}, "Its claim exp"),
        ({"exp": "soon"}, "Its claim exp"),
        ({"nbf": NOW + CLOCK_SKEW_SECONDS + 1}, "Its claim nbf"),
        ({"iat": NOW + CLOCK_SKEW_SECONDS + 1}, "Its claim iat"),
        ({"aud": "https://education.test"}, "Its claim aud"),
        ({"aud": [AUDIENCE + "/r4"]}, "Its claim aud"),
        ({"aud": None}, "Its claim aud"),
        ({"iss": "https://attacker.test"}, "Its issuer is not trusted here"),
        ({"iss": None}, "Its issuer is not trusted here"),
        ({"iss": ["https://issuer.test"]}, "Its issuer is not trusted here"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(
    verifier: Verifier, issuer: Signing, changes: dict[str, Any], said: str
) -> None:
    assert refusal(verifier, issuer.sign(claims(issuer, **changes))).startswith(said)


def test_an_issuer_cannot_speak_for_another(verifier: Verifier, issuer: Signing, signer: Signer) -> None:
    forged = issuer.sign(claims(issuer, iss=URL, aud=URL), kid=signer.key.kid)
    assert "signature" in refusal(verifier, forged)


def test_a_token_without_algorithm_is_refused(verifier: Verifier, issuer: Signing) -> None:
    for alg in ("none", "None", "NONE"):
        unsigned = f"{part({'alg': alg, 'kid': issuer.key.kid})}.{part(claims(issuer))}."
        assert refusal(verifier, unsigned) == "Its alg is not allowed here"


def test_a_public_key_used_as_a_secret_for_hmac_is_refused(verifier: Verifier, portal: Signing) -> None:
    assert isinstance(portal.key, RSAKey)
    secrets = (portal.key.as_pem(private=False), json.dumps(portal.jwks["keys"][0]).encode())
    for secret in secrets:
        header = {"alg": "HS256", "kid": portal.key.kid}
        # The library itself refuses to use a public key so; an attacker's would not.
        key = OctKey.import_key(base64.b64encode(secret))
        forged = jwt.encode(header, claims(portal), key, algorithms=["HS256"])
        assert refusal(verifier, forged) == "Its alg is not allowed here"


@pytest.mark.parametrize("kid", ["issuer-2", "", "../issuer-1"])
def test_an_unknown_kid_is_refused(verifier: Verifier, issuer: Signing, kid: str) -> None:
    assert refusal(verifier, issuer.sign(claims(issuer), kid=kid)) == "Its kid and alg fit no registered key"


def test_a_token_that_names_no_key_is_refused(verifier: Verifier, issuer: Signing) -> None:
    assert refusal(verifier, issuer.sign(claims(issuer), kid=None)) == "Its header has no kid"


def test_a_stranger_with_the_right_kid_is_refused(verifier: Verifier, issuer: Signing) -> None:
    thief = Signing(issuer.name, ECKey.generate_key("P-256", {"kid": "issuer-1"}), "ES256")
    assert "signature" in refusal(verifier, thief.sign(claims(issuer)))


def test_a_key_inside_the_token_is_not_looked_at(verifier: Verifier, issuer: Signing) -> None:
    thief = Signing(issuer.name, ECKey.generate_key("P-256", {"kid": "issuer-1"}), "ES256")
    own = thief.key.as_dict(private=False)
    forged = thief.sign(claims(issuer), jwk=own, jku="https://attacker.test/jwks")
    assert "signature" in refusal(verifier, forged)


def test_an_algorithm_that_does_not_fit_the_key_is_refused(verifier: Verifier, portal: Signing) -> None:
    key = RSAKey.import_key(portal.key.as_dict(private=True))
    for alg in ("RS512", "PS384"):
        forged = jwt.encode({"alg": alg, "kid": key.kid}, claims(portal), key, algorithms=[alg])
        assert refusal(verifier, forged) == "Its alg is not allowed here"
    header, claim = part({"alg": "ES384", "kid": "issuer-1"}), part({"iss": "https://issuer.test"})
    assert "signature" in refusal(verifier, f"{header}.{claim}.{'A' * 128}")


def test_a_changed_token_is_refused(verifier: Verifier, issuer: Signing) -> None:
    header, _, signature = issuer.sign(claims(issuer)).split(".")
    changed = f"{header}.{part(claims(issuer, scope='system/*.cruds'))}.{signature}"
    assert "signature" in refusal(verifier, changed)


def test_a_critical_header_that_is_not_understood_is_refused(verifier: Verifier, issuer: Signing) -> None:
    header = part({"alg": "ES256", "kid": "issuer-1", "crit": ["new"], "new": 1})
    assert "signature" in refusal(verifier, f"{header}.{part(claims(issuer))}.{'A' * 86}")


@pytest.mark.parametrize(
    "token",
    ["", "x", "..", "a.b.c", "e30.e30.", f"{part({'alg': 'ES256'})}.{part([])}.x", "é.é.é", "A" * 200_000],
)
def test_what_is_no_token_is_refused(verifier: Verifier, token: str) -> None:
    assert refusal(verifier, token)


def test_a_deeply_nested_token_is_refused(verifier: Verifier) -> None:
    nested = base64.urlsafe_b64encode(b"[" * 11_000).rstrip(b"=").decode()
    header = part({"alg": "ES256", "kid": "x"})
    assert refusal(verifier, f"{header}.{nested}.x") == "It is no signed JSON Web Token"


@pytest.mark.parametrize("scope", [None, "", "openid profile", ["system/*.cruds"], "patient/*.rs"])
def test_a_token_without_a_scope_of_ours_allows_nothing(
    verifier: Verifier, issuer: Signing, scope: Any
) -> None:
    assert verifier.scopes(issuer.sign(claims(issuer, scope=scope))) == ()
