"""Clients with keys, and the clock of the tests."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

from fhir_service.security.client_credentials import ASSERTION_TYPE, GRANT_TYPE
from fhir_service.settings import Settings

NOW = 1_793_588_645
TOKEN_URL = "http://localhost/auth/token"
_NUMBERS = itertools.count()


@dataclass
class Clock:
    """Seconds since 1970, moved by the test."""

    seconds: int = NOW

    def __call__(self) -> int:
        return self.seconds


@dataclass
class MemoryUses:
    """Used assertions in a dictionary."""

    keys: dict[str, int] = field(default_factory=dict)

    def seen(self, key: str, until: int) -> bool:
        found = key in self.keys
        self.keys[key] = until
        return found


@dataclass(frozen=True)
class Signing:
    """Someone who signs: a name, a private key, and the algorithm that fits it."""

    name: str
    key: Key
    alg: str

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        whole = {"alg": self.alg, "kid": self.key.kid, **header}
        present = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(present, dict(claims), self.key, algorithms=[present["alg"]])

    def assertion(self, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """A good client assertion, but for `changes`; None takes a claim away."""
        claims = {
            "iss": self.name,
            "sub": self.name,
            "aud": TOKEN_URL,
            "exp": NOW + 240,
            "jti": f"assertion-{next(_NUMBERS)}",
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return self.sign(kept, **(header or {}))


def form(assertion: str, scope: str = "system/*.rs", **changes: str) -> dict[str, str]:
    """A token request."""
    return {
        "grant_type": GRANT_TYPE,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        "scope": scope,
        **changes,
    }


@pytest.fixture(scope="session")
def loader() -> Signing:
    """A client with an elliptic curve key."""
    return Signing("loader", ECKey.generate_key("P-384", {"kid": "loader-1"}), "ES384")


@pytest.fixture(scope="session")
def portal() -> Signing:
    """A client with an RSA key."""
    return Signing("portal", RSAKey.generate_key(2048, {"kid": "portal-1"}), "RS384")


@pytest.fixture(scope="session")
def stranger() -> Signing:
    """Nobody whom the service knows, who uses a known client's name and kid."""
    return Signing("loader", ECKey.generate_key("P-384", {"kid": "loader-1"}), "ES384")


@pytest.fixture(scope="session")
def issuer() -> Signing:
    """Another authorisation server."""
    return Signing("https://issuer.test", ECKey.generate_key("P-256", {"kid": "issuer-1"}), "ES256")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path, loader: Signing, portal: Signing, issuer: Signing) -> Settings:
    """Reading and writing with tokens, of two clients and of another issuer."""
    clients = {
        "loader": {"jwks": loader.jwks, "scope": "system/*.cruds"},
        "portal": {"jwks": portal.jwks, "scope": "system/Medication.rs system/Binary.r"},
    }
    (tmp_path / "clients.json").write_text(json.dumps(clients))
    (tmp_path / "issuer-keys.json").write_text(json.dumps(issuer.jwks))
    issuers = {"https://issuer.test": {"jwks": "issuer-keys.json", "audience": "https://education.test/fhir"}}
    (tmp_path / "issuers.json").write_text(json.dumps(issuers))
    return Settings(
        reads="token",
        writes="token",
        database_url=f"sqlite:///{tmp_path / 'store.sqlite'}",
        token_clients=str(tmp_path / "clients.json"),
        token_issuers=str(tmp_path / "issuers.json"),
    )
