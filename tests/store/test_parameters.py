"""SearchParameter resources of clients: pending in every worker until all is indexed, then searched."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fhir_service.content.load import Package, load_packages
from fhir_service.errors import Conflict, NotSupported, ServiceError, Unprocessable
from fhir_service.exchange import Services
from fhir_service.search.criteria import UnknownParameter
from fhir_service.store import open_store
from fhir_service.store.maintenance import reindex
from fhir_service.store.parameters import StoredParameters
from fhir_service.store.relational import RelationalStore
from tests.interactions.writers import BUILT, ask, opened, parsed, services_over

EYES = "http://hl7.test/eyes"


def definition(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "id": "eyes",
        "url": "https://education.test/fhir/SearchParameter/eyes",
        "name": "Eyes",
        "status": "active",
        "description": "The colour of the eyes",
        "code": "eyes",
        "base": ["Patient"],
        "type": "string",
        "expression": f"Patient.extension.where(url = '{EYES}').value.ofType(string)",
        **changes,
    }


def patient(logical_id: str, eyes: str) -> dict[str, Any]:
    extension = [{"url": EYES, "valueString": eyes}]
    return {"resourceType": "Patient", "id": logical_id, "extension": extension}


def put(services: Services, resource: dict[str, Any]) -> None:
    ask(services, "PUT", f"{resource['resourceType']}/{resource['id']}", resource)


def found(services: Services, value: str, code: str = "eyes") -> list[str]:
    bundle = parsed(ask(services, "GET", "Patient", None, ((code, value),)))
    return [entry["resource"]["id"] for entry in bundle.get("entry", ())]


def index_all(database_url: str) -> None:
    """As `fhir-service db reindex` does, over a store of its own."""
    store = open_store(database_url)
    for _ in reindex(store, StoredParameters(store._rows, BUILT)):
        pass
    store.close()


@pytest.fixture
def services(store: RelationalStore) -> Services:
    return services_over(store)


@pytest.fixture
def other(store: RelationalStore, database_url: str) -> Iterator[Services]:
    """Another worker, which has answered searches before."""
    with opened(database_url) as services:
        found(services, "x", code="family")
        yield services


def test_it_is_refused_in_every_worker_until_all_is_indexed_and_then_finds_old_and_new(
    services: Services, other: Services, database_url: str
) -> None:
    put(services, patient("old", "brown"))
    with pytest.raises(UnknownParameter):
        found(other, "brown")
    put(services, definition())
    put(other, patient("new", "brown"))
    for worker in (services, other):
        with pytest.raises(NotSupported, match="`fhir-service db reindex`") as caught:
            found(worker, "brown")
        assert not isinstance(caught.value, UnknownParameter)
    index_all(database_url)
    put(other, patient("newest", "brown"))
    for worker in (services, other):
        assert sorted(found(worker, "brown")) == ["new", "newest", "old"]
        assert found(worker, "green") == []


def test_one_that_is_written_while_all_is_indexed_waits_for_the_next_run(
    services: Services, store: RelationalStore, database_url: str
) -> None:
    put(services, patient("p", "brown"))
    run = reindex(store, StoredParameters(store._rows, BUILT))
    next(run)
    put(services, definition())
    list(run)
    with pytest.raises(NotSupported):
        found(services, "brown")
    index_all(database_url)
    assert found(services, "brown") == ["p"]


def test_a_write_during_the_run_is_not_undone_by_it(
    services: Services, store: RelationalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fhir_service.store.maintenance.BATCH", 1)
    put(services, definition())
    for name in "abc":
        put(services, patient(name, "brown"))
    for done, _ in reindex(store, StoredParameters(store._rows, BUILT)):
        if done == 2:
            put(services, patient("a", "green"))
            put(services, patient("c", "green"))
    assert found(services, "brown") == ["b"]
    assert sorted(found(services, "green")) == ["a", "c"]


def test_it_waits_for_writers_that_do_not_know_it(
    services: Services, other: Services, store: RelationalStore, database_url: str
) -> None:
    is_written = threading.Event()

    def define() -> None:
        put(services, definition())
        is_written.set()

    writer = threading.Thread(target=define)
    with other.store.write() as transaction:
        writer.start()
        assert not is_written.wait(0.2)
        put(replace(other, store=transaction), patient("p", "brown"))
    writer.join()
    assert is_written.is_set()
    index_all(database_url)
    assert found(services, "brown") == ["p"]


def test_what_packages_bring_is_indexed_by_it_too(
    services: Services, store: RelationalStore, database_url: str
) -> None:
    put(services, definition())
    index_all(database_url)
    body = json.dumps(patient("p", "brown")).encode()
    for version, content in (("1.0.0", {}), ("1.1.0", {("Patient", "p"): body})):
        package = Package("https://education.test/fhir/package", version, "r4", content)
        loaded = load_packages(store, [package], BUILT, now=lambda: 1)
    assert loaded.reindexed == 0
    assert found(services, "brown") == ["p"]


def test_a_changed_definition_waits_again(services: Services, other: Services, database_url: str) -> None:
    put(services, patient("p", "brown"))
    put(services, definition())
    index_all(database_url)
    assert found(other, "brown") == ["p"]
    put(services, definition(expression="Patient.name.family"))
    with pytest.raises(NotSupported):
        found(other, "brown")
    index_all(database_url)
    assert found(other, "brown") == []


def test_a_deleted_one_is_gone_and_its_rows_never_come_back(
    services: Services, other: Services, database_url: str
) -> None:
    put(services, patient("p", "brown"))
    put(services, definition())
    index_all(database_url)
    assert found(other, "brown") == ["p"]
    ask(services, "DELETE", "SearchParameter/eyes")
    with pytest.raises(UnknownParameter):
        found(other, "brown")
    put(other, patient("p", "green"))
    put(services, definition())
    with pytest.raises(NotSupported, match="reindex"):
        found(other, "brown")
    index_all(database_url)
    assert (found(other, "brown"), found(other, "green")) == ([], ["p"])


def test_only_active_ones_are_used(services: Services, database_url: str) -> None:
    put(services, definition(status="draft", expression="nonsense("))
    index_all(database_url)
    with pytest.raises(UnknownParameter):
        found(services, "brown")


def test_on_a_base_of_many_types_it_works_on_each(services: Services, database_url: str) -> None:
    put(services, patient("p", "brown"))
    expression = f"DomainResource.extension.where(url = '{EYES}').value.ofType(string)"
    put(services, definition(base=["DomainResource"], expression=expression))
    index_all(database_url)
    assert found(services, "brown") == ["p"]
    assert parsed(ask(services, "GET", "Basic", None, (("eyes", "brown"),)))["resourceType"] == "Bundle"


def test_the_capability_statement_lists_it_when_it_works(services: Services, database_url: str) -> None:
    def listed() -> bool:
        resources = parsed(ask(services, "GET", "metadata"))["rest"][0]["resource"]
        patients = next(one for one in resources if one["type"] == "Patient")
        return any(one["name"] == "eyes" for one in patients["searchParam"])

    put(services, definition())
    assert not listed()
    index_all(database_url)
    assert listed()


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"expression": "Patient.name.where("}, Unprocessable, r"`Patient.name.where\(` cannot be searched"),
        (
            {"expression": "Patient.nonsense"},
            Unprocessable,
            "`Patient.nonsense` cannot be searched on Patient",
        ),
        ({"code": "family"}, Conflict, "`family` is taken on .*http://hl7.org/fhir/SearchParameter/"),
        ({"code": "_id", "base": ["Resource"]}, Conflict, "`_id` is taken on Resource"),
        ({"code": "eyes", "id": "twin"}, Conflict, "`eyes` is taken on Patient"),
    ],
)
def test_one_that_could_not_be_used_is_refused(
    services: Services, changes: dict[str, Any], error: type[ServiceError], told: str
) -> None:
    put(services, definition())
    with pytest.raises(error, match=told):
        put(services, definition(**changes))


def test_a_parameter_of_the_release_may_be_stored_again(services: Services) -> None:
    url = next(one["url"] for one in BUILT["r4"].data if one["code"] == "birthdate")
    put(services, definition(code="birthdate", url=url, type="date", expression="Patient.birthDate"))
    assert found(services, "2020", code="birthdate") == []
