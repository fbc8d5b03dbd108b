"""Every setting of the service, as one frozen value made from the environment.

A field's `help` is its documentation: the README table and the error messages are made from it. A value that
is not understood, or that this version cannot honour yet, stops the start with a message naming the setting.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

_FRAMING = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)


class SettingsError(ValueError):
    """One line for each setting that cannot be used."""


def text(value: str) -> str:
    return value


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A parser for a whole number from `low` to `high`."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) or not low <= int(value) <= high:
            raise ValueError(f"allowed: a whole number from {low} to {high}")
        return int(value)

    return parse


def one_of(*allowed: str) -> Callable[[str], str]:
    """A parser for a closed list of words."""

    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"allowed: {', '.join(allowed)}")
        return value

    return parse


def existing_file(value: str) -> str:
    if not os.path.isfile(value):
        raise ValueError("allowed: the path of a file; there is none")
    return value


def database_url(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("allowed: sqlite:///path/to/file.sqlite or postgresql://user@host/database")
    if re.search(r":[0-9]*,", urlsplit(value).netloc.rpartition("@")[2]):
        raise ValueError("allowed for several hosts: postgresql://user@/database?host=one:5432&host=two:5432")
    return value


def postgres_urls(value: str) -> tuple[str, ...]:
    """URLs separated by commas; a comma may also separate the hosts within one."""
    listed = tuple(one for one in re.split(r"[\s,]+(?=[a-z+]+://)|\s+|,$", value) if one)
    for one in listed:
        if not database_url(one).startswith("postgresql"):
            raise ValueError("allowed: postgresql://user@host/database, several separated by commas")
    return listed


def web_url(value: str) -> str:
    """An absolute http(s) URL without its trailing slash, query or fragment."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("allowed: an absolute http:// or https:// URL without query or fragment")
    return value.rstrip("/")


def networks(value: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part) for part in value.replace(",", " ").split())
    except ValueError as error:
        raise ValueError(f"allowed: IP addresses or networks, separated by commas ({error})") from None


def origins(value: str) -> tuple[str, ...]:
    """`*`, or a list of web origins; browsers send them without a path."""
    listed = tuple(value.replace(",", " ").split())
    if listed == ("*",):
        return listed
    for origin in listed:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("allowed: * or origins such as https://portal.test, separated by commas")
    return listed


def frame_ancestors(value: str) -> tuple[str, ...]:
    """`*`, `none`, or a list of web origins, whose host may start with `*.`: https://www.w3.org/TR/CSP3/#frame-ancestors"""
    listed = tuple(value.replace(",", " ").split())
    if listed == ("none",):
        return ("'none'",)
    if listed != ("*",) and not all(_FRAMING.fullmatch(origin) for origin in listed):
        raise ValueError("allowed: *, none, or origins such as https://*.portal.test, separated by commas")
    return listed


def available_cores() -> int:
    """The cores this process may use, which is fewer than the machine's in a container with a CPU set."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether a host name or address (brackets allowed) can only mean this machine."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def setting(name: str, default: Any, parse: Callable[[str], Any], help: str, *, shown: str = "") -> Any:
    """A field read from environment variable `name`; `shown` says its default in words."""
    metadata = {"name": name, "parse": parse, "help": help, "shown": shown or str(default)}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the operator chose; `Settings()` is the default of every field."""

    host: str = setting("HOST", "127.0.0.1", text, "the address it listens on")
    port: int = setting("PORT", 8000, whole_number(1, 65535), "the port it listens on")
    workers: int = setting(
        "FHIR_SERVICE_WORKERS",
        available_cores,
        whole_number(1, 1024),
        "how many processes answer",
        shown="cores",
    )
    database_url: str = setting(
        "FHIR_SERVICE_DATABASE_URL",
        "sqlite:///var/fhir-service.sqlite",
        database_url,
        "where resources are kept, as an SQLAlchemy URL; a relative path starts at the working directory",
    )
    database_read_urls: tuple[str, ...] = setting(
        "FHIR_SERVICE_DATABASE_READ_URLS",
        (),
        postgres_urls,
        "PostgreSQL streaming replicas of that database, separated by commas; what only reads is asked of "
        "them (docs/scaling.md)",
        shown="none",
    )
    base_url: str | None = setting(
        "FHIR_SERVICE_BASE_URL",
        None,
        web_url,
        "what absolute links start with; must be set when HOST is not loopback, "
        "so that a forged Host header reaches no answer and no cache",
        shown="the request's own, on loopback only",
    )
    trusted_proxies: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = setting(
        "FHIR_SERVICE_TRUSTED_PROXIES",
        (),
        networks,
        "whose X-Forwarded-* headers are believed; such a proxy must set X-Forwarded-Host itself, "
        "or pass on no Host but its own",
        shown="none",
    )
    types: str = setting(
        "FHIR_SERVICE_TYPES",
        "content",
        one_of("content", "all"),
        "`content` (the types of patient education, Binary, the conformance types) or `all` of the release",
    )
    reads: str = setting(
        "FHIR_SERVICE_READS",
        "open",
        one_of("open", "token"),
        "who may read: `open` is everybody, `token` whoever has an access token with the scope",
    )
    writes: str = setting(
        "FHIR_SERVICE_WRITES",
        "off",
        one_of("off", "token", "open"),
        "who may write: `off` is nobody, `token` whoever has an access token with the scope, "
        "`open` everybody (only when HOST is loopback)",
    )
    token_clients: str | None = setting(
        "FHIR_SERVICE_TOKEN_CLIENTS",
        None,
        existing_file,
        "a JSON file with the clients that get access tokens at /auth/token (SMART Backend Services): "
        '`{"client id": {"jwks": {"keys": [...]}, "scope": "system/*.cruds"}}`; '
        "`jwks` may be the path of a file",
        shown="none",
    )
    token_issuers: str | None = setting(
        "FHIR_SERVICE_TOKEN_ISSUERS",
        None,
        existing_file,
        "a JSON file with other authorisation servers whose access tokens are believed: "
        '`{"issuer": {"jwks": "keys.json", "audience": "what tokens for this service name", '
        '"token_endpoint": "optional"}}`',
        shown="none",
    )
    token_key: str | None = setting(
        "FHIR_SERVICE_TOKEN_KEY",
        None,
        existing_file,
        "the P-384 private key (JSON Web Key or PEM) that signs access tokens; "
        "must be set with PostgreSQL, where every instance needs the same one",
        shown="made once, beside the SQLite file",
    )
    search_handling: str = setting(
        "FHIR_SERVICE_SEARCH_HANDLING",
        "strict",
        one_of("strict", "lenient"),
        "what an unknown parameter gets without a Prefer header: `strict` refuses it, `lenient` ignores it",
    )
    cors_origins: tuple[str, ...] = setting(
        "FHIR_SERVICE_CORS_ORIGINS",
        ("*",),
        origins,
        "web origins whose pages may read, without credentials",
        shown="*",
    )
    frame_ancestors: tuple[str, ...] = setting(
        "FHIR_SERVICE_FRAME_ANCESTORS",
        ("*",),
        frame_ancestors,
        "web origins whose pages may frame what is below /embed; `none` is nobody",
        shown="*",
    )
    cds_clients: str | None = setting(
        "FHIR_SERVICE_CDS_CLIENTS",
        None,
        existing_file,
        "a JSON file with the only CDS Hooks clients that are let in, by a signed token with each call: "
        '`{"issuer": {"jwks": "keys.json", "jku": ["https://..."]}}`; without `jwks` the keys are fetched '
        "from the first `jku`",
        shown="none: all are let in",
    )
    cds_suggestions: str = setting(
        "FHIR_SERVICE_CDS_SUGGESTIONS",
        "off",
        one_of("off", "on"),
        "whether CDS Hooks cards offer drafts of the medicines that a page names as examples; "
        "a site's own clinical decision (docs/cds-hooks.md)",
    )
    draft_languages: str = setting(
        "FHIR_SERVICE_DRAFT_LANGUAGES",
        "off",
        one_of("off", "on"),
        "`on` serves translations that nobody has reviewed, each with a first line that says so",
    )
    site_codes: str | None = setting(
        "FHIR_SERVICE_SITE_CODES",
        None,
        existing_file,
        "a JSON file with a ConceptMap (R4, R4B or R5) from a site's own codes to codes of the topics, "
        "which the doors beside FHIR then find by them; only `equivalent` counts",
        shown="none",
    )

    @property
    def serves_drafts(self) -> bool:
        return self.draft_languages == "on"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read every setting; SettingsError names all that cannot be used, not just the first."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        for known in fields(cls):
            name = known.metadata["name"]
            raw = environ.get(name, "").strip()
            if not raw:  # set but empty is how compose files and shells say "not set"
                continue
            try:
                values[known.name] = known.metadata["parse"](raw)
            except ValueError as error:
                problems.append(f"{name}={raw}: {error}")
        if not problems:
            settings = cls(**values)
            problems = settings.unsafe_combinations()
            if not problems:
                return settings
        raise SettingsError("\n".join(problems))

    def unsafe_combinations(self) -> list[str]:
        """What each value allows but the combination does not."""
        return [
            *self._unusable_replicas(),
            *self._unusable_tokens(),
            *([] if is_loopback(self.host) else self._unsafe_off_loopback()),
        ]

    def _unusable_replicas(self) -> list[str]:
        if not self.database_read_urls or self.database_url.startswith("postgresql"):
            return []
        return [
            "FHIR_SERVICE_DATABASE_READ_URLS needs PostgreSQL in FHIR_SERVICE_DATABASE_URL: "
            "SQLite has no replicas. Leave it unset, or name the primary."
        ]

    def _unusable_tokens(self) -> list[str]:
        """Tokens that nobody could get, or that one instance would issue and the next one refuse."""
        if "token" not in (self.reads, self.writes):
            return []
        problems = []
        if not (self.token_clients or self.token_issuers):
            problems.append(
                "FHIR_SERVICE_READS=token and FHIR_SERVICE_WRITES=token need FHIR_SERVICE_TOKEN_CLIENTS or "
                "FHIR_SERVICE_TOKEN_ISSUERS: without them nobody has a token."
            )
        if self.token_clients and not self.token_key and not self.database_url.startswith("sqlite"):
            problems.append(
                "FHIR_SERVICE_TOKEN_KEY must be set with PostgreSQL: "
                "every instance must sign with the same key."
            )
        return problems

    def _unsafe_off_loopback(self) -> list[str]:
        problems = []
        if self.base_url is None:
            problems.append(
                f"FHIR_SERVICE_BASE_URL must be set when HOST is not loopback (HOST={self.host}): without it "
                "a forged Host header would reach answers and caches. Set it to the address clients use."
            )
        if self.types == "all" and self.reads == "open":
            problems.append(
                "FHIR_SERVICE_TYPES=all with FHIR_SERVICE_READS=open is refused when HOST is not loopback "
                f"(HOST={self.host}): it would be an open patient-record server. "
                "Use FHIR_SERVICE_READS=token, or FHIR_SERVICE_TYPES=content."
            )
        if self.writes == "open":
            problems.append(
                f"FHIR_SERVICE_WRITES=open is refused when HOST is not loopback (HOST={self.host}): anybody "
                "could change what is served. Use FHIR_SERVICE_WRITES=token."
            )
        return problems
