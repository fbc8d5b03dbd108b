"""An access token for a client that proves who it is with a signed assertion.

https://hl7.org/fhir/smart-app-launch/backend-services.html and https://www.rfc-editor.org/rfc/rfc7523

    form       grant_type=client_credentials, client_assertion_type, client_assertion, scope; each once
    client     iss and sub are a registered client id; one of its keys has signed
    assertion  for this token URL alone, not expired, valid for five minutes at most, never used before
    scope      what is asked for, as far as the client is registered for it
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from fhir_service.security.errors import OAuthError, TokenError
from fhir_service.security.keys import ASSERTION_ALGORITHMS, Signatures
from fhir_service.security.parties import Client
from fhir_service.security.scopes import Scopes, common, parse_scopes, written
from fhir_service.security.tokens import (
    CLOCK_SKEW_SECONDS,
    LIFETIME_SECONDS,
    Signer,
    check_claims,
    issue,
    signed_claims,
    stated_issuer,
)

GRANT_TYPE = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_ASSERTION_SECONDS = 300

_SIGNATURES = Signatures(ASSERTION_ALGORITHMS)


class UsedAssertions(Protocol):
    """Remembers assertions among all workers and instances."""

    def seen(self, key: str, until: int) -> bool:
        """Whether the key was seen before; it is remembered until then (seconds since 1970)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """What the token endpoint works with; `now` gives seconds since 1970."""

    clients: Mapping[str, Client]
    signer: Signer
    used: UsedAssertions
    now: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Grant:
    """A successful answer: https://www.rfc-editor.org/rfc/rfc6749#section-5.1."""

    access_token: str
    scope: str
    expires_in: int = LIFETIME_SECONDS
    token_type: str = "bearer"


def grant(form: Mapping[str, str], token_url: str, authority: Authority) -> Grant:
    """Answer a token request, or raise the OAuthError that says why not."""
    grant_type = _required(form, "grant_type")
    if grant_type != GRANT_TYPE:
        raise OAuthError("unsupported_grant_type", f"Allowed grant_type: {GRANT_TYPE}")
    if _required(form, "client_assertion_type") != ASSERTION_TYPE:
        raise OAuthError("invalid_request", f"Allowed client_assertion_type: {ASSERTION_TYPE}")
    assertion = _required(form, "client_assertion")
    try:
        client = authenticate(assertion, token_url, authority)
    except TokenError as error:
        raise OAuthError("invalid_client", f"The client assertion is refused. {error}") from None
    if form.get("client_id", client.client_id) != client.client_id:
        raise OAuthError("invalid_client", "The client_id is not the one of the assertion")
    scopes = _granted(form.get("scope", ""), client)
    now = authority.now()
    token = issue(authority.signer, client.client_id, scopes, token_id=secrets.token_urlsafe(16), now=now)
    return Grant(token, written(scopes))


def authenticate(assertion: str, token_url: str, authority: Authority) -> Client:
    """The client that has signed the assertion; TokenError unless it may be believed, this once."""
    client = authority.clients.get(stated_issuer(assertion))
    if client is None:  # in the words of a wrong key: which ids exist is nobody's business
        raise TokenError("Its kid and alg fit no registered key")
    claims = signed_claims(assertion, client.keys, _SIGNATURES)
    now = authority.now()
    _check_assertion(claims, client, token_url, now)
    until = int(claims["exp"]) + CLOCK_SKEW_SECONDS + 1
    if authority.used.seen(_key_of(client.client_id, claims["jti"]), until):
        raise TokenError("It was used before (jti)")
    return client


def _check_assertion(claims: dict[str, Any], client: Client, token_url: str, now: int) -> None:
    """https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#signature-verification."""
    if isinstance(claims.get("aud"), list) and len(claims["aud"]) != 1:
        # Meant for another server too, which could then pass it on to this one.
        raise TokenError("Its claim aud names more than the token URL")
    check_claims(
        claims,
        {
            "iss": {"essential": True, "value": client.client_id},
            "sub": {"essential": True, "value": client.client_id},
            "aud": {"essential": True, "value": token_url},
            "exp": {"essential": True},
            "jti": {"essential": True},
        },
        now,
    )
    if claims["exp"] > now + LONGEST_ASSERTION_SECONDS + CLOCK_SKEW_SECONDS:
        raise TokenError("Its exp is more than five minutes away")


def _key_of(client_id: str, jti: str) -> str:
    """A jti is unique for its issuer only, and may be of any length."""
    return sha256(f"{client_id}\0{jti}".encode()).hexdigest()


def _granted(scope: str, client: Client) -> Scopes:
    asked, unknown = parse_scopes(scope)
    if unknown:
        raise OAuthError("invalid_scope", f"Not supported: {_quotable(' '.join(unknown))}")
    scopes = common(asked, client.scopes)
    if not scopes:
        raise OAuthError("invalid_scope", f"This client may have: {written(client.scopes)}")
    return scopes


def _required(form: Mapping[str, str], name: str) -> str:
    """RFC 6749 section 3.2: a parameter without a value is treated as if it were not there."""
    value = form.get(name)
    if not value:
        raise OAuthError("invalid_request", f"The parameter {name} is missing")
    return value


def _quotable(text: str) -> str:
    """What a client sent, cut down to the characters that `error_description` may hold."""
    return "".join(char if " " <= char <= "~" and char not in '"\\' else "?" for char in text[:200])
