"""Keys: which algorithms are believed, public keys from configuration, and the service's own.

https://www.rfc-editor.org/rfc/rfc7517 (keys) and https://www.rfc-editor.org/rfc/rfc8725 (what goes wrong)

A key decides with which algorithm it is used: a public key can be no HMAC secret, because keys for HMAC are
never taken in, and `none` is on no list.
"""

from __future__ import annotations

import json
import os
import secrets
import warnings
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, KeySet, RSAKey, import_key
from joserfc.jws import JWSRegistry

from fhir_service.security.errors import KeyFileError

SERVICE_ALGORITHM = "ES384"
# What SMART asks of clients; other authorisation servers sign access tokens with the shorter hash too.
ASSERTION_ALGORITHMS = ("ES384", "RS384")
TOKEN_ALGORITHMS = ("ES384", "RS384", "ES256", "RS256")

_CURVES = {"P-256": "ES256", "P-384": "ES384"}
_LEAST_RSA_BITS = 2048


class Signatures(JWSRegistry):
    """How signatures are checked: a closed list of algorithms; unknown header parameters are ignored."""

    max_header_length = 8_000
    max_payload_length = 16_000

    def __init__(self, algorithms: Collection[str]) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)


def public_keys(jwks: Any, algorithms: Collection[str]) -> KeySet:
    """The keys of a JSON Web Key Set that can check signatures of these algorithms.

    Others are left out, as RFC 7517 section 5 says; a set without any usable key is an error.
    """
    listed = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(listed, list):
        raise KeyFileError('is no JSON Web Key Set: allowed: {"keys": [...]}')
    usable = [key for data in listed if (key := _public_key(data)) and _fits(key, algorithms)]
    if not usable:
        raise KeyFileError(
            f"has no key for {', '.join(algorithms)}: RSA (from {_LEAST_RSA_BITS} bits) or the matching curve"
        )
    if len({key.kid for key in usable}) < len(usable):
        raise KeyFileError("has two keys of the same kid")
    return KeySet(usable)


def _public_key(data: Any) -> Key | None:
    if not isinstance(data, dict) or data.get("kty") not in ("EC", "RSA"):
        return None
    if "d" in data:
        raise KeyFileError("holds a private key; only its owner may have that: list the public key")
    try:
        with warnings.catch_warnings(action="ignore", category=SecurityWarning):  # `_fits` leaves it out
            key = import_key(data)
        key.ensure_kid()
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"has a key that cannot be read: {error}") from None
    return key


def _fits(key: Key, algorithms: Collection[str]) -> bool:
    if key.get("use", "sig") != "sig":
        return False
    match key:
        case ECKey():
            fitting = {_CURVES.get(key.curve_name, "")}
        case RSAKey() if key.raw_value.key_size >= _LEAST_RSA_BITS:
            fitting = {"RS256", "RS384"}
        case _:
            return False
    stated = key.get("alg")
    return bool(fitting & set(algorithms) & ({stated} if stated else fitting))


def read_service_key(path: Path) -> ECKey:
    """The key that access tokens are signed with: a P-384 private key as a JSON Web Key or PEM."""
    try:
        data = path.read_bytes()
        key = ECKey.import_key(json.loads(data) if data.lstrip().startswith(b"{") else data)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}") from None
    except (JoseError, ValueError, KeyError, TypeError):
        raise KeyFileError(f"{path} is no elliptic curve key; allowed: a JSON Web Key or PEM") from None
    if not key.is_private or key.curve_name != "P-384":
        raise KeyFileError(f"{path} is not a private key of curve P-384, which {SERVICE_ALGORITHM} needs")
    key.ensure_kid()
    return key


def ensure_service_key(path: Path) -> ECKey:
    """The service's own key, made when it is first needed; all workers get the same one."""
    if not path.exists():
        _create_service_key(path)
    return read_service_key(path)


def _create_service_key(path: Path) -> None:
    """Write a new key as a whole or not at all; of several workers the first one wins."""
    key = ECKey.generate_key("P-384", {"alg": SERVICE_ALGORITHM, "use": "sig"}, auto_kid=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            json.dump(key.as_dict(private=True), file)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
