"""`fhir-service db`, as an operator types it, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fhir_service.cli import main
from fhir_service.store import DATABASES
from fhir_service.store.migration import newest
from fhir_service.store.relational import RelationalStore
from tests.interactions.writers import ask, parsed, services_over
from tests.store_fixtures import empty_database


def run(database_url: str, *arguments: str) -> Result:
    return CliRunner(env={"FHIR_SERVICE_DATABASE_URL": database_url}).invoke(main, ["db", *arguments])


@pytest.fixture
def stored(store: RelationalStore, database_url: str) -> str:
    services = services_over(store)
    for number in range(3):
        name = [{"family": f"Name{number}"}]
        resource = {"resourceType": "Patient", "id": f"p{number}", "name": name, "birthDate": "2020-02"}
        ask(services, "PUT", f"Patient/p{number}", resource)
    return database_url


def change(store: RelationalStore, statement: str) -> None:
    with store.write() as transaction:
        transaction.execute(statement)


@pytest.mark.parametrize("kind", DATABASES)
def test_an_empty_database_is_migrated_before_anything_else(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    url = empty_database(request, kind, tmp_path)
    for command in ("check", "reindex"):
        refused = run(url, command)
        assert refused.exit_code == 1
        assert "The database is empty" in refused.stderr and "`fhir-service db migrate`" in refused.stderr
    assert run(url, "migrate").stdout == f"The database is at revision {newest()}.\n"
    assert run(url, "check").exit_code == 0


def test_what_was_written_is_found_good(stored: str) -> None:
    result = run(stored, "check", "--all")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "3 resources checked, 0 problems.\n"


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DELETE FROM index_date", "index rows of `birthdate` are missing"),
        (
            "UPDATE index_string SET folded = 'x' WHERE folded = 'name1'",
            "index rows of `family` are left over",
        ),
        ("DELETE FROM full_text", "its full text is missing"),
        ("DELETE FROM vocabulary", "values of `family` are not in the vocabulary"),
    ],
)
def test_an_index_that_is_wrong_is_listed_and_reindex_repairs_it(
    store: RelationalStore, stored: str, damage: str, told: str
) -> None:
    change(store, damage)
    for options in ((), ("--all",)):
        result = run(stored, "check", *options)
        assert result.exit_code == 1
        assert f"r4 Patient/p1: {told}" in result.stdout
    assert run(stored, "reindex").stdout.endswith("3 resources indexed.\n")
    assert run(stored, "check").exit_code == 0


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            "UPDATE resource SET current_version = 99 WHERE logical_id = 'p1'",
            "its current version is missing",
        ),
        ("UPDATE version SET body = NULL WHERE logical_id = 'p1'", "it is deleted in one table only"),
        (
            "UPDATE version SET logical_id = 'p2' WHERE logical_id = 'p1'",
            "a version of it has another id",
        ),
        (
            "INSERT INTO version (serial, type, resource, version_id, last_updated, method, body, logical_id)"
            " SELECT 99, type, resource, version_id + 1, last_updated, method, body, logical_id FROM version"
            " WHERE logical_id = 'p1'",
            "its current version is not the newest",
        ),
    ],
)
def test_a_current_version_that_is_not_what_its_resource_says_is_listed(
    store: RelationalStore, stored: str, damage: str, told: str
) -> None:
    change(store, damage)
    result = run(stored, "check")
    assert result.exit_code == 1
    assert result.stdout.count("r4 Patient/p") == 1
    assert f"r4 Patient/p1: {told}" in result.stdout


def test_reindex_makes_a_new_search_parameter_work(store: RelationalStore, stored: str) -> None:
    definition = {
        "resourceType": "SearchParameter",
        "id": "nick",
        "url": "https://education.test/fhir/SearchParameter/nick",
        "status": "active",
        "code": "nick",
        "base": ["Patient"],
        "type": "string",
        "expression": "Patient.name.family",
    }
    services = services_over(store)
    ask(services, "PUT", "SearchParameter/nick", definition)
    assert run(stored, "check").exit_code == 0
    assert run(stored, "reindex").exit_code == 0
    bundle = parsed(ask(services, "GET", "Patient", None, (("nick", "name1"),)))
    assert [entry["resource"]["id"] for entry in bundle["entry"]] == ["p1"]
    assert run(stored, "check").exit_code == 0
