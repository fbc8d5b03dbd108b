"""https://www.rfc-editor.org/rfc/rfc7517"""

import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from fhir_service.security.errors import KeyFileError
from fhir_service.security.keys import (
    ASSERTION_ALGORITHMS,
    ensure_service_key,
    public_keys,
    read_service_key,
)
from tests.security.conftest import Signing


def refusal(jwks: Any) -> str:
    with pytest.raises(KeyFileError) as caught:
        public_keys(jwks, ASSERTION_ALGORITHMS)
    return str(caught.value)


def short_rsa_key() -> RSAKey:
    with warnings.catch_warnings(action="ignore"):
        return RSAKey.generate_key(1024)


def public(*keys: Any) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def test_keys_of_the_asked_algorithms_are_kept_and_others_left_out(loader: Signing, portal: Signing) -> None:
    unusable = (
        ECKey.generate_key("P-256"),
        ECKey.generate_key("P-384", {"use": "enc"}),
        RSAKey.generate_key(2048, {"alg": "RS256"}),
        OKPKey.generate_key("Ed25519"),
        short_rsa_key(),
    )
    jwks = public(loader.key, portal.key, *unusable)
    jwks["keys"].append({"kty": "post-quantum"})
    assert [key.kid for key in public_keys(jwks, ASSERTION_ALGORITHMS)] == ["loader-1", "portal-1"]


def test_a_secret_for_hmac_is_never_taken_in() -> None:
    assert "has no key for ES384, RS384" in refusal(
        {"keys": [OctKey.generate_key(256).as_dict(private=True)]}
    )


def test_a_private_key_of_a_client_is_refused(loader: Signing) -> None:
    assert "holds a private key" in refusal({"keys": [loader.key.as_dict(private=True)]})


def test_two_keys_of_the_same_kid_are_refused(loader: Signing, stranger: Signing) -> None:
    assert "same kid" in refusal(public(loader.key, stranger.key))


@pytest.mark.parametrize("jwks", [None, [], {}, {"keys": {}}, {"keys": []}, {"keys": ["x"]}])
def test_what_is_no_key_set_is_refused(jwks: Any) -> None:
    assert refusal(jwks)


@pytest.mark.parametrize(
    "key",
    [{"kty": "EC"}, {"kty": "EC", "crv": "P-384", "x": "!", "y": ""}, {"kty": "RSA", "n": 1, "e": "AQAB"}],
)
def test_a_broken_key_is_named_as_unreadable(key: dict[str, Any]) -> None:
    assert "cannot be read" in refusal({"keys": [key]})


def test_the_service_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "token-key.json"
    with ThreadPoolExecutor(8) as workers:
        keys = list(workers.map(lambda _: ensure_service_key(path), range(8)))
    assert len({key.thumbprint() for key in keys}) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_service_key_in_pem_is_read(tmp_path: Path) -> None:
    key = ECKey.generate_key("P-384")
    (tmp_path / "key.pem").write_bytes(key.as_pem(private=True))
    assert read_service_key(tmp_path / "key.pem").thumbprint() == key.thumbprint()


def test_a_file_that_is_no_private_key_of_the_right_curve_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    contents = (
        b"",
        b"{",
        b"not a key",
        json.dumps(ECKey.generate_key("P-256").as_dict(private=True)).encode(),
        json.dumps(ECKey.generate_key("P-384").as_dict(private=False)).encode(),
        RSAKey.generate_key(2048).as_pem(private=True),
    )
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(KeyFileError):
            read_service_key(path)
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_service_key(tmp_path / "missing")
