"""From settings to a guard and a token endpoint."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from fhir_service.security.client_credentials import UsedAssertions, grant
from fhir_service.security.configuration import check_security, default_key_path, open_security, service_url
from fhir_service.security.guard import authorise
from fhir_service.settings import Settings, SettingsError
from tests.security.conftest import NOW, TOKEN_URL, Clock, MemoryUses, Signing, form


def nobody() -> UsedAssertions:
    raise AssertionError("not needed")


def test_without_tokens_nothing_is_read_or_made(tmp_path: Path, clock: Clock) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'store.sqlite'}")
    security = open_security(settings, nobody, clock)
    assert security.authority is None
    assert list(tmp_path.iterdir()) == []


def test_a_token_of_one_worker_is_believed_by_another(
    settings: Settings, clock: Clock, loader: Signing
) -> None:
    one, other = (open_security(settings, MemoryUses, clock) for _ in range(2))
    assert one.authority is not None
    token = grant(form(loader.assertion()), TOKEN_URL, one.authority).access_token
    assert authorise(f"Bearer {token}", other.guard, "read", "Medication")


def test_a_token_of_a_listed_issuer_is_believed(settings: Settings, clock: Clock, issuer: Signing) -> None:
    for chosen in (settings, replace(settings, token_clients=None)):
        guard = open_security(chosen, MemoryUses, clock).guard
        claims = {
            "iss": issuer.name,
            "aud": "https://education.test/fhir",
            "exp": NOW + 60,
            "scope": "system/Medication.r",
        }
        assert authorise(f"Bearer {issuer.sign(claims)}", guard, "read", "Medication")


def test_with_other_issuers_alone_the_service_issues_nothing(settings: Settings, clock: Clock) -> None:
    security = open_security(replace(settings, token_clients=None), nobody, clock)
    assert security.authority is None
    assert not default_key_path(settings.database_url).exists()


def test_the_given_key_signs(tmp_path: Path, settings: Settings, clock: Clock) -> None:
    key = ECKey.generate_key("P-384")
    path = tmp_path / "key.json"
    path.write_text(json.dumps(key.as_dict(private=True)))
    authority = open_security(replace(settings, token_key=str(path)), MemoryUses, clock).authority
    assert authority is not None
    assert authority.signer.key.thumbprint() == key.thumbprint()


def test_a_key_that_cannot_be_used_stops_the_start(tmp_path: Path, settings: Settings, clock: Clock) -> None:
    path = tmp_path / "key.json"
    path.write_text("{}")
    with pytest.raises(SettingsError, match="FHIR_SERVICE_TOKEN_KEY"):
        open_security(replace(settings, token_key=str(path)), MemoryUses, clock)


def test_a_start_is_checked_before_any_worker_starts(settings: Settings) -> None:
    check_security(Settings())
    check_security(settings)
    assert default_key_path(settings.database_url).exists()
    assert settings.token_clients is not None
    Path(settings.token_clients).write_text("{}")
    with pytest.raises(SettingsError, match="FHIR_SERVICE_TOKEN_CLIENTS"):
        check_security(settings)


def test_a_folder_that_cannot_hold_a_key_stops_the_start(settings: Settings, clock: Clock) -> None:
    with pytest.raises(SettingsError, match="FHIR_SERVICE_TOKEN_KEY must name a key"):
        open_security(replace(settings, database_url="sqlite:////dev/null/store.sqlite"), MemoryUses, clock)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(), "http://127.0.0.1:8000"),
        (Settings(host="::1", port=80), "http://[::1]:80"),
        (Settings(host="0.0.0.0", base_url="https://education.test"), "https://education.test"),
    ],
)
def test_the_service_has_one_name_in_its_tokens(settings: Settings, url: str) -> None:
    assert service_url(settings) == url
