"""Who is known: clients that may ask for tokens, CDS Hooks clients, and issuers whose tokens are believed.

https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
"""

from __future__ import annotations

from dataclasses import dataclass

from joserfc.jwk import KeySet

from fhir_service.security.scopes import Scopes


@dataclass(frozen=True, slots=True)
class Client:
    """A client of this service's own token endpoint, and the most that it may be granted."""

    client_id: str
    keys: KeySet
    scopes: Scopes


@dataclass(frozen=True, slots=True)
class CdsClient:
    """A CDS Hooks client: it signs with the keys at hand or, without any, with those at its key URLs."""

    issuer: str
    keys: KeySet | None
    key_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose access tokens are believed, if they name one of `audience`: then they are meant for us."""

    url: str
    keys: KeySet
    audience: tuple[str, ...]
    token_endpoint: str | None = None
