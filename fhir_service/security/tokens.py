"""Access tokens: issued by this service, and checked whoever issued them.

https://www.rfc-editor.org/rfc/rfc9068 (JWT access tokens) and https://www.rfc-editor.org/rfc/rfc8725

    issuer     the token's `iss` names one that is trusted; only that issuer's keys are tried
    signature  `kid` names one of them, `alg` is on the list and fits the key
    claims     meant for this service (aud), not expired (exp), already valid (nbf, iat)
    scope      what it allows
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from joserfc import jwt
from joserfc.errors import (
    ClaimError,
    ExpiredTokenError,
    InvalidKeyIdError,
    JoseError,
    UnsupportedAlgorithmError,
)
from joserfc.jwk import ECKey, KeySet
from joserfc.jws import extract_compact

from fhir_service.security.errors import TokenError
from fhir_service.security.keys import SERVICE_ALGORITHM, TOKEN_ALGORITHMS, Signatures
from fhir_service.security.parties import Issuer
from fhir_service.security.scopes import Scopes, parse_scopes, written

# What SMART recommends: https://hl7.org/fhir/smart-app-launch/backend-services.html#issue-access-token
LIFETIME_SECONDS = 300
# Clocks of two machines are never quite the same.
CLOCK_SKEW_SECONDS = 10

_REMEMBERED = 1024
_SIGNATURES = Signatures(TOKEN_ALGORITHMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """What this service puts into its own tokens; `url` is both their issuer and their audience."""

    url: str
    key: ECKey

    @property
    def issuer(self) -> Issuer:
        """The service as one more issuer that is trusted."""
        public = ECKey.import_key(self.key.as_dict(private=False))
        return Issuer(self.url, KeySet([public]), (self.url,))


def issue(signer: Signer, client_id: str, scopes: Scopes, *, token_id: str, now: int) -> str:
    """An access token for a client; `now` is in seconds since 1970."""
    claims = {
        "iss": signer.url,
        "aud": signer.url,
        "sub": client_id,
        "client_id": client_id,
        "scope": written(scopes),
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": token_id,
    }
    header = {"alg": SERVICE_ALGORITHM, "kid": signer.key.kid, "typ": "at+jwt"}
    return jwt.encode(header, claims, signer.key, algorithms=[SERVICE_ALGORITHM])


class Verifier:
    """Checks access tokens of the trusted issuers.

    A signature takes about a millisecond, so the last good ones are remembered; time is looked at every time.
    """

    def __init__(self, issuers: Mapping[str, Issuer], now: Callable[[], int]) -> None:
        self._issuers = issuers
        self._now = now
        self._signed = lru_cache(_REMEMBERED)(self._check_signature)

    def scopes(self, token: str) -> Scopes:
        """What the token allows; TokenError when it is not to be believed."""
        claims = self._signed(token)
        audience = self._issuers[claims["iss"]].audience
        check_claims(claims, {"exp": {"essential": True}, "aud": _one_of(audience)}, self._now())
        scope = claims.get("scope", "")
        return parse_scopes(scope)[0] if isinstance(scope, str) else ()

    def _check_signature(self, token: str) -> dict[str, Any]:
        issuer = self._issuers.get(stated_issuer(token))
        if issuer is None:
            raise TokenError("Its issuer is not trusted here")
        return signed_claims(token, issuer.keys, _SIGNATURES)


def stated_issuer(token: str) -> str:
    """Who a token says it is from: tells whose keys to try, and nothing else."""
    try:
        claims = json.loads(extract_compact(token.encode(), registry=_SIGNATURES).payload)
    except (JoseError, ValueError, RecursionError):
        raise TokenError("It is no signed JSON Web Token") from None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else ""


def signed_claims(token: str, keys: KeySet, signatures: Signatures) -> dict[str, Any]:
    """The claims of a token that one of the keys has signed; TokenError otherwise."""

    def find(signature: Any) -> Any:
        # Without this a set of one key would be used for a token that names none.
        if not isinstance(signature.headers().get("kid"), str):
            raise TokenError("Its header has no kid")
        return keys

    try:
        return jwt.decode(token, find, registry=signatures).claims
    except TokenError:
        raise
    except UnsupportedAlgorithmError:
        raise TokenError("Its alg is not allowed here") from None
    except InvalidKeyIdError:
        raise TokenError("Its kid and alg fit no registered key") from None
    except (JoseError, ValueError, RecursionError):
        raise TokenError("Its signature is not that of a registered key") from None


def check_claims(claims: dict[str, Any], options: Mapping[str, jwt.ClaimsOption], now: int) -> None:
    """Raise TokenError unless every claim is as asked, and the token valid `now` (seconds since 1970)."""
    try:
        jwt.JWTClaimsRegistry(now=now, leeway=CLOCK_SKEW_SECONDS, **options).validate(claims)
    except ExpiredTokenError:
        raise TokenError("It has expired") from None
    except ClaimError as error:
        raise TokenError(f"Its claim {error.claim} is missing, or not what it must be") from None


def _one_of(values: Collection[str]) -> jwt.ClaimsOption:
    return {"essential": True, "values": list(values)}
