"""The files that say who is known: clients that may ask for tokens, and issuers whose tokens are believed.

https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html

    FHIR_SERVICE_TOKEN_CLIENTS   {"client id": {"jwks": {"keys": [...]}, "scope": "system/*.cruds"}}
    FHIR_SERVICE_TOKEN_ISSUERS   {"https://issuer.test": {"jwks": "issuer-keys.json", "audience": "https://..."}}
    FHIR_SERVICE_CDS_CLIENTS     {"https://ehr.test/": {"jwks": "ehr-keys.json", "jku": ["https://ehr.test/jwks"]}}

`jwks` is the key set itself, or the path of its file, seen from the folder of the file that names it. Such
keys are never fetched: a key that changes is put into the file, and the service is started again. Only a CDS
client that has key URLs (`jku`) and no `jwks` has its keys fetched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from joserfc.jwk import KeySet
from marshmallow import Schema, ValidationError, fields

from fhir_service.security.errors import KeyFileError
from fhir_service.security.keys import ASSERTION_ALGORITHMS, TOKEN_ALGORITHMS, public_keys
from fhir_service.security.parties import CdsClient, Client, Issuer
from fhir_service.security.scopes import parse_scopes
from fhir_service.settings import SettingsError, is_loopback

Entry = TypeVar("Entry", Client, Issuer, CdsClient)


class _ClientShape(Schema):
    jwks = fields.Raw(required=True)
    scope = fields.String(required=True)


class _IssuerShape(Schema):
    jwks = fields.Raw(required=True)
    audience = fields.Raw(required=True)
    token_endpoint = fields.Url(load_default=None, schemes={"http", "https"}, require_tld=False)


class _CdsClientShape(Schema):
    jwks = fields.Raw(load_default=None)
    jku = fields.List(fields.Url(schemes={"http", "https"}, require_tld=False), load_default=list)


def read_clients(path: Path) -> dict[str, Client]:
    """The clients of a file, by client id; SettingsError names every entry that cannot be used."""

    def make(name: str, entry: Mapping[str, Any]) -> Client:
        scopes, unknown = parse_scopes(entry["scope"])
        if unknown or not scopes:
            said = " ".join(unknown) or "(nothing)"
            raise KeyFileError(
                f"scope: `{said}` is not supported; allowed: system/*.rs, system/Type.cruds ..."
            )
        return Client(name, _keys(entry["jwks"], path, ASSERTION_ALGORITHMS), scopes)

    return _read_entries("FHIR_SERVICE_TOKEN_CLIENTS", path, _ClientShape(), make)


def read_issuers(path: Path) -> dict[str, Issuer]:
    """The issuers of a file, by the `iss` of their tokens; SettingsError names what cannot be used."""

    def make(name: str, entry: Mapping[str, Any]) -> Issuer:
        audience = entry["audience"]
        listed = tuple(audience) if isinstance(audience, list) else (audience,)
        if not listed or not all(isinstance(one, str) and one for one in listed):
            raise KeyFileError("audience: allowed: a string, or a list of them")
        keys = _keys(entry["jwks"], path, TOKEN_ALGORITHMS)
        return Issuer(name, keys, listed, entry["token_endpoint"])

    return _read_entries("FHIR_SERVICE_TOKEN_ISSUERS", path, _IssuerShape(), make)


def read_cds_clients(path: Path) -> dict[str, CdsClient]:
    """The CDS Hooks clients of a file, by the `iss` of their tokens; SettingsError names what is wrong."""

    def make(name: str, entry: Mapping[str, Any]) -> CdsClient:
        urls = tuple(entry["jku"])
        for url in urls:
            parts = urlsplit(url)
            if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
                raise KeyFileError("jku: allowed: https:// URLs, or http:// on this machine")
        if entry["jwks"] is None and not urls:
            raise KeyFileError("allowed: jwks (a key set, or the path of its file), jku (URLs), or both")
        keys = None if entry["jwks"] is None else _keys(entry["jwks"], path, ASSERTION_ALGORITHMS)
        return CdsClient(name, keys, urls)

    return _read_entries("FHIR_SERVICE_CDS_CLIENTS", path, _CdsClientShape(), make)


def _read_entries(
    setting: str, path: Path, shape: Schema, make: Callable[[str, Mapping[str, Any]], Entry]
) -> dict[str, Entry]:
    try:
        document = _read_json(path)
    except KeyFileError as error:
        raise SettingsError(f"{setting}={path}: {error}") from None
    if not isinstance(document, dict) or not document:
        raise SettingsError(f"{setting}={path}: allowed: a JSON object with an entry for each name")
    found: dict[str, Entry] = {}
    problems: list[str] = []
    for name, entry in document.items():
        try:
            found[name] = make(name, shape.load(entry))
        except (ValidationError, KeyFileError) as error:
            problems.append(f"{setting}={path}: `{name}`: {error}")
    if problems:
        raise SettingsError("\n".join(problems))
    return found


def _keys(jwks: Any, path: Path, algorithms: tuple[str, ...]) -> KeySet:
    try:
        if isinstance(jwks, str) and "://" in jwks:
            raise KeyFileError("is a URL, and keys are not fetched: save the key set as a file")
        return public_keys(_read_json(path.parent / jwks) if isinstance(jwks, str) else jwks, algorithms)
    except KeyFileError as error:
        raise KeyFileError(f"jwks: {error}") from None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise KeyFileError(f"{path.name} cannot be read: {error.strerror}") from None
    except ValueError:
        raise KeyFileError(f"{path.name} is not JSON") from None
