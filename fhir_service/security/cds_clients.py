"""CDS Hooks clients: which are let in, by the JSON Web Token that comes with every call.

https://cds-hooks.hl7.org/2.0/#trusting-cds-clients and https://www.rfc-editor.org/rfc/rfc8725

    FHIR_SERVICE_CDS_CLIENTS   {"https://ehr.test/": {"jwks": {"keys": [...]}, "jku": ["https://ehr.test/jwks"]}}

    iss        names an entry of the file
    jku        where it is sent, one of the URLs of that entry; no other URL is ever asked
    keys       `jwks` (a key set, or the path of its file); only without it those at the jku are fetched
    signature  ES384 or RS384 by the key that kid names; typ is JWT
    claims     aud is the URL that is called and nothing else; exp at most an hour away; iat; a new jti
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from fhir_service.errors import Unauthorized
from fhir_service.security.client_credentials import UsedAssertions
from fhir_service.security.errors import TokenError
from fhir_service.security.key_urls import KeyUrls
from fhir_service.security.keys import ASSERTION_ALGORITHMS, Signatures
from fhir_service.security.parties import CdsClient
from fhir_service.security.tokens import CLOCK_SKEW_SECONDS, check_claims, signed_claims, stated_issuer

LONGEST_SECONDS = 3600

_SIGNATURES = Signatures(ASSERTION_ALGORITHMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CdsClients:
    """What calls are checked with; `now` gives seconds since 1970."""

    clients: Mapping[str, CdsClient]
    key_urls: KeyUrls
    used: UsedAssertions
    now: Callable[[], int]

    def authenticate(self, authorization: str | None, endpoint: str) -> None:
        """Raise Unauthorized unless the header holds a token for this endpoint that may be believed, once."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthorized(
                "Allowed: Authorization: Bearer with a JSON Web Token signed by the CDS client."
            )
        try:
            self._check(token.strip(), endpoint)
        except TokenError as error:
            raise Unauthorized(f"The JSON Web Token is refused. {error}.") from None

    def _check(self, token: str, endpoint: str) -> None:
        header = _header(token)
        client = self.clients.get(stated_issuer(token))
        if client is None:  # in the words of a wrong key: which issuers are known is nobody's business
            raise TokenError("Its kid and alg fit no registered key")
        claims = signed_claims(token, self._keys(client, header), _SIGNATURES)
        now = self.now()
        _check_claims(claims, client, endpoint, now)
        until = int(claims["exp"]) + CLOCK_SKEW_SECONDS + 1
        key = sha256(f"cds-hooks\0{client.issuer}\0{claims['jti']}".encode()).hexdigest()
        if self.used.seen(key, until):
            raise TokenError("It was used before (jti)")

    def _keys(self, client: CdsClient, header: Mapping[str, Any]) -> KeySet:
        url = header.get("jku")
        if url is not None and url not in client.key_urls:
            raise TokenError("Its jku is not one of the issuer's registered key URLs")
        if client.keys is not None:
            return client.keys
        return self.key_urls.keys(url or client.key_urls[0], header.get("kid"))


def _header(token: str) -> Mapping[str, Any]:
    """What the token says of itself, before anything of it is believed."""
    try:
        header = extract_compact(token.encode(), registry=_SIGNATURES).headers()
    except (JoseError, ValueError, RecursionError):
        raise TokenError("It is no signed JSON Web Token") from None
    if str(header.get("typ", "")).upper() != "JWT":
        raise TokenError("Its typ is not JWT")
    return header


def _check_claims(claims: dict[str, Any], client: CdsClient, endpoint: str, now: int) -> None:
    if isinstance(claims.get("aud"), list) and len(claims["aud"]) != 1:
        raise TokenError("Its claim aud names more than the URL that is called")
    check_claims(
        claims,
        {
            "iss": {"essential": True, "value": client.issuer},
            "aud": {"essential": True, "value": endpoint},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "jti": {"essential": True},
        },
        now,
    )
    if not isinstance(claims["jti"], str):
        raise TokenError("Its claim jti is missing, or not what it must be")
    if claims["exp"] > now + LONGEST_SECONDS + CLOCK_SKEW_SECONDS:
        raise TokenError("Its exp is more than an hour away")
