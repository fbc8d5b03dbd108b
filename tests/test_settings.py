import ipaddress
from dataclasses import fields, replace

import pytest
from click.testing import CliRunner

from fhir_service.delivery.serve import serve
from fhir_service.settings import Settings, SettingsError, is_loopback


def problems(**environ: str) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environ)
    return str(caught.value)


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings().host == "127.0.0.1"
    assert Settings().port == 8000
    assert Settings().types == "content"
    assert Settings().workers >= 1


def test_a_variable_that_is_set_but_empty_counts_as_not_set() -> None:
    assert Settings.from_environment({"PORT": "", "FHIR_SERVICE_BASE_URL": " "}) == Settings()


def test_values_are_read_into_their_types() -> None:
    settings = Settings.from_environment(
        {
            "HOST": "::1",
            "PORT": "8080",
            "FHIR_SERVICE_WORKERS": "3",
            "FHIR_SERVICE_BASE_URL": "https://education.test/service/",
            "FHIR_SERVICE_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8",
            "FHIR_SERVICE_CORS_ORIGINS": "https://portal.test https://other.test:8443",
        }
    )
    assert (settings.host, settings.port, settings.workers) == ("::1", 8080, 3)
    assert settings.base_url == "https://education.test/service"
    assert settings.trusted_proxies == (
        ipaddress.ip_network("127.0.0.1"),
        ipaddress.ip_network("10.0.0.0/8"),
    )
    assert settings.cors_origins == ("https://portal.test", "https://other.test:8443")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "http", "allowed: a whole number from 1 to 65535"),
        ("PORT", "0", "allowed: a whole number from 1 to 65535"),
        ("PORT", "٨", "allowed: a whole number"),
        ("FHIR_SERVICE_WORKERS", "-1", "allowed: a whole number from 1"),
        ("FHIR_SERVICE_BASE_URL", "education.test", "allowed: an absolute http:// or https:// URL"),
        ("FHIR_SERVICE_BASE_URL", "https://education.test/?a=b", "allowed: an absolute"),
        ("FHIR_SERVICE_TRUSTED_PROXIES", "proxy", "allowed: IP addresses or networks"),
        ("FHIR_SERVICE_TYPES", "some", "allowed: content, all"),
        ("FHIR_SERVICE_READS", "off", "allowed: open, token"),
        ("FHIR_SERVICE_WRITES", "all", "allowed: off, token, open"),
        ("FHIR_SERVICE_TOKEN_CLIENTS", "missing.json", "allowed: the path of a file"),
        ("FHIR_SERVICE_TOKEN_ISSUERS", "missing.json", "allowed: the path of a file"),
        ("FHIR_SERVICE_TOKEN_KEY", ".", "allowed: the path of a file"),
        ("FHIR_SERVICE_SITE_CODES", "missing.json", "allowed: the path of a file"),
        ("FHIR_SERVICE_SEARCH_HANDLING", "loose", "allowed: strict, lenient"),
        ("FHIR_SERVICE_CDS_CLIENTS", "https://portal.test", "allowed: the path of a file"),
        ("FHIR_SERVICE_CDS_SUGGESTIONS", "yes", "allowed: off, on"),
        ("FHIR_SERVICE_CORS_ORIGINS", "https://portal.test/page", "allowed: * or origins"),
        ("FHIR_SERVICE_FRAME_ANCESTORS", "*, https://portal.test", "allowed: *, none, or origins"),
        ("FHIR_SERVICE_FRAME_ANCESTORS", "https://portal.test; script-src *", "allowed: *, none, or origins"),
        ("FHIR_SERVICE_DATABASE_URL", "mysql://localhost/fhir", "allowed: sqlite:///"),
        ("FHIR_SERVICE_DATABASE_URL", "postgresql://u:p@one:1,two:2/fhir", "allowed for several hosts: "),
        ("FHIR_SERVICE_DATABASE_READ_URLS", "sqlite:///replica", "allowed: postgresql://"),
        ("FHIR_SERVICE_DATABASE_READ_URLS", "postgresql://a/fhir, b", "allowed: sqlite:///"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_and_what_is_allowed(name: str, value: str, said: str) -> None:
    message = problems(**{name: value})
    assert message.startswith(f"{name}={value}: ")
    assert said in message


def test_replicas_are_separated_by_commas_and_so_are_the_hosts_of_one() -> None:
    environ = {
        "FHIR_SERVICE_DATABASE_URL": "postgresql://one,two/fhir?target_session_attrs=read-write",
        "FHIR_SERVICE_DATABASE_READ_URLS": "postgresql://a,b/fhir, postgresql+psycopg://c/fhir",
    }
    settings = Settings.from_environment(environ)
    assert settings.database_read_urls == ("postgresql://a,b/fhir", "postgresql+psycopg://c/fhir")


def test_sqlite_with_replicas_is_refused() -> None:
    assert "SQLite has no replicas" in problems(FHIR_SERVICE_DATABASE_READ_URLS="postgresql://a/fhir")


@pytest.mark.parametrize(
    ("value", "ancestors"),
    [
        ("*", ("*",)),
        ("none", ("'none'",)),
        (
            "https://portal.test, https://*.clinic.test:8443",
            ("https://portal.test", "https://*.clinic.test:8443"),
        ),
    ],
)
def test_who_may_frame_is_a_list_of_origins(value: str, ancestors: tuple[str, ...]) -> None:
    assert Settings.from_environment({"FHIR_SERVICE_FRAME_ANCESTORS": value}).frame_ancestors == ancestors


def test_every_problem_is_named_in_one_go() -> None:
    message = problems(PORT="x", FHIR_SERVICE_TYPES="y")
    assert [line.partition("=")[0] for line in message.splitlines()] == ["PORT", "FHIR_SERVICE_TYPES"]


def test_another_host_than_loopback_needs_a_base_url() -> None:
    assert "FHIR_SERVICE_BASE_URL must be set" in problems(HOST="0.0.0.0")
    environ = {"HOST": "0.0.0.0", "FHIR_SERVICE_BASE_URL": "https://education.test"}
    assert Settings.from_environment(environ).host == "0.0.0.0"


def test_all_types_readable_by_anybody_are_refused_off_loopback() -> None:
    environ = {"FHIR_SERVICE_TYPES": "all", "FHIR_SERVICE_BASE_URL": "https://education.test"}
    assert Settings.from_environment(environ).types == "all"
    assert "open patient-record server" in problems(HOST="0.0.0.0", **environ)
    environ |= {"HOST": "0.0.0.0", "FHIR_SERVICE_READS": "token", "FHIR_SERVICE_TOKEN_CLIENTS": __file__}
    assert Settings.from_environment(environ).reads == "token"


def test_writing_by_anybody_is_refused_off_loopback() -> None:
    assert Settings.from_environment({"FHIR_SERVICE_WRITES": "open"}).writes == "open"
    environ = {"FHIR_SERVICE_WRITES": "open", "FHIR_SERVICE_BASE_URL": "https://education.test"}
    assert "Use FHIR_SERVICE_WRITES=token" in problems(HOST="0.0.0.0", **environ)


@pytest.mark.parametrize("name", ["FHIR_SERVICE_READS", "FHIR_SERVICE_WRITES"])
def test_tokens_that_nobody_could_get_are_refused(name: str) -> None:
    assert "nobody has a token" in problems(**{name: "token"})
    for source in ("FHIR_SERVICE_TOKEN_CLIENTS", "FHIR_SERVICE_TOKEN_ISSUERS"):
        assert Settings.from_environment({name: "token", source: __file__})


def test_instances_that_share_a_database_must_share_the_token_key() -> None:
    settings = Settings(
        writes="token", token_clients=__file__, database_url="postgresql+psycopg://localhost/fhir"
    )
    assert "every instance must sign with the same key" in settings.unsafe_combinations()[0]
    assert replace(settings, token_key=__file__).unsafe_combinations() == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_loopback_names_are_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "localhost.attacker.test", "10.0.0.1", "", "127.0.0.1.a.test"]
)
def test_other_names_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_every_setting_is_documented() -> None:
    for setting in fields(Settings):
        assert setting.metadata["name"].isupper()
        assert setting.metadata["help"]
        assert setting.metadata["shown"]


def test_the_help_of_serve_tells_every_setting() -> None:
    told = CliRunner().invoke(serve, ["--help"], terminal_width=1_000).output
    for known in fields(Settings):
        assert f"{known.metadata['name']}  " in told, known.name
