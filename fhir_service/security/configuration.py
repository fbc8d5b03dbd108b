"""From the settings to all that security works with; made once for each process.

https://hl7.org/fhir/smart-app-launch/backend-services.html

What cannot be used stops the start (SettingsError), not the first request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import ECKey

from fhir_service.security.cds_clients import CdsClients
from fhir_service.security.client_credentials import Authority, UsedAssertions
from fhir_service.security.errors import KeyFileError
from fhir_service.security.guard import Guard
from fhir_service.security.key_urls import KeyUrls
from fhir_service.security.keys import ensure_service_key, read_service_key
from fhir_service.security.parties import Issuer
from fhir_service.security.tokens import Signer, Verifier
from fhir_service.settings import Settings, SettingsError

_KEY_FILE = "token-key.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """The guard, the token endpoint if there is one, and the issuers of others."""

    guard: Guard
    authority: Authority | None = None
    issuers: tuple[Issuer, ...] = ()


def open_security(settings: Settings, used: Callable[[], UsedAssertions], now: Callable[[], int]) -> Security:
    """Read keys and registries; `used` is called only where assertions are taken, `now` gives seconds."""
    if not uses_tokens(settings):
        return Security(guard=Guard(reads=settings.reads, writes=settings.writes))
    # Imported here: a service without tokens does not pay for the schemas of their files.
    from fhir_service.security.registry import read_clients, read_issuers

    issuers = read_issuers(Path(settings.token_issuers)) if settings.token_issuers else {}
    trusted = dict(issuers)
    authority = None
    if settings.token_clients:
        clients = read_clients(Path(settings.token_clients))
        signer = Signer(url=service_url(settings), key=_service_key(settings))
        authority = Authority(clients=clients, signer=signer, used=used(), now=now)
        trusted[signer.url] = signer.issuer
    guard = Guard(reads=settings.reads, writes=settings.writes, verifier=Verifier(trusted, now))
    return Security(guard=guard, authority=authority, issuers=tuple(issuers.values()))


def open_cds_clients(
    settings: Settings, used: Callable[[], UsedAssertions], now: Callable[[], int]
) -> CdsClients | None:
    """The CDS Hooks clients that are let in; None where all are."""
    if settings.cds_clients is None:
        return None
    from fhir_service.security.registry import read_cds_clients

    clients = read_cds_clients(Path(settings.cds_clients))
    return CdsClients(clients=clients, key_urls=KeyUrls(now), used=used(), now=now)


def check_security(settings: Settings) -> None:
    """Raise SettingsError before any worker starts, and make the service's key if there is none."""
    open_security(settings, _NoAssertions, lambda: 0)
    open_cds_clients(settings, _NoAssertions, lambda: 0)


class _NoAssertions:
    """For a process that takes none."""

    def seen(self, key: str, until: int) -> bool:
        return True


def uses_tokens(settings: Settings) -> bool:
    return "token" in (settings.reads, settings.writes)


def service_url(settings: Settings) -> str:
    """What the service calls itself in its own tokens; on loopback the client's name for it may differ."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return settings.base_url or f"http://{host}:{settings.port}"


def _service_key(settings: Settings) -> ECKey:
    try:
        if settings.token_key:
            return read_service_key(Path(settings.token_key))
        return ensure_service_key(default_key_path(settings.database_url))
    except KeyFileError as error:
        raise SettingsError(f"FHIR_SERVICE_TOKEN_KEY: {error}") from None
    except OSError as error:
        raise SettingsError(f"FHIR_SERVICE_TOKEN_KEY must name a key: none can be made ({error})") from None


def default_key_path(database_url: str) -> Path:
    """Beside the SQLite file: where the service may write, and what all its workers share.

    Instances over one PostgreSQL share no folder, so the settings demand FHIR_SERVICE_TOKEN_KEY there.
    """
    return Path(database_url.removeprefix("sqlite:///")).with_name(_KEY_FILE)
