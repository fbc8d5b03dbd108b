"""https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fhir_service.security.registry import read_clients, read_issuers
from fhir_service.security.scopes import written
from fhir_service.settings import SettingsError
from tests.security.conftest import Signing


def refusal(read: Callable[[Path], Any], path: Path, content: Any) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(SettingsError) as caught:
        read(path)
    return str(caught.value)


def test_clients_are_read_with_keys_inside_or_in_a_file_beside(
    tmp_path: Path, loader: Signing, portal: Signing
) -> None:
    (tmp_path / "portal.jwks").write_text(json.dumps(portal.jwks))
    clients = {
        "loader": {"jwks": loader.jwks, "scope": "system/*.write"},
        "portal": {"jwks": "portal.jwks", "scope": "system/Binary.r system/*.s"},
    }
    (tmp_path / "clients.json").write_text(json.dumps(clients))
    found = read_clients(tmp_path / "clients.json")
    assert written(found["loader"].scopes) == "system/*.cud"
    assert [key.kid for key in found["portal"].keys] == ["portal-1"]


def test_issuers_are_read_with_one_audience_or_several(tmp_path: Path, issuer: Signing) -> None:
    issuers = {
        "https://one.test": {"jwks": issuer.jwks, "audience": "a"},
        "https://two.test": {
            "jwks": issuer.jwks,
            "audience": ["a", "b"],
            "token_endpoint": "https://two.test/t",
        },
    }
    (tmp_path / "issuers.json").write_text(json.dumps(issuers))
    found = read_issuers(tmp_path / "issuers.json")
    assert found["https://one.test"].audience == ("a",)
    assert found["https://two.test"].audience == ("a", "b")
    assert found["https://two.test"].token_endpoint == "https://two.test/t"


def test_every_client_that_cannot_be_used_is_named(tmp_path: Path, loader: Signing) -> None:
    message = refusal(
        read_clients,
        tmp_path / "clients.json",
        {
            "one": {"jwks": loader.jwks, "scope": "patient/*.rs"},
            "mixed": {"jwks": loader.jwks, "scope": "system/*.rs launch"},
            "two": {"jwks": loader.jwks, "scope": ""},
            "three": {"jwks": "missing.json", "scope": "system/*.rs"},
            "four": {"jwks": "https://client.test/jwks", "scope": "system/*.rs"},
            "five": {"scope": "system/*.rs"},
            "six": {"jwks": loader.jwks, "scope": "system/*.rs", "secret": "x"},
            "seven": [],
        },
    )
    lines = message.splitlines()
    assert all(line.startswith("FHIR_SERVICE_TOKEN_CLIENTS=") for line in lines)
    said = [
        "patient/*.rs",
        "`launch` is not supported",
        "(nothing)",
        "missing.json cannot be read",
        "not fetched",
        "jwks",
        "secret",
        "Invalid",
    ]
    assert [part in line for part, line in zip(said, lines, strict=True)] == [True] * 8


@pytest.mark.parametrize("audience", [None, "", [], [1], {"a": 1}])
def test_an_issuer_without_audience_is_refused(tmp_path: Path, issuer: Signing, audience: Any) -> None:
    content = {"https://issuer.test": {"jwks": issuer.jwks, "audience": audience}}
    assert "audience" in refusal(read_issuers, tmp_path / "issuers.json", content)


@pytest.mark.parametrize("content", ["", "[]", "{}", "not json"])
def test_a_file_without_entries_is_refused(tmp_path: Path, content: str) -> None:
    assert refusal(read_clients, tmp_path / "clients.json", content)
