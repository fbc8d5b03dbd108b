"""Many writers on one database, in threads of two processes: what must hold whoever is faster."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_service.errors import Issue, Unprocessable
from fhir_service.exchange import Services
from fhir_service.releases import Release
from fhir_service.store.relational import RelationalStore
from tests.interactions import writers
from tests.interactions.writers import ask, in_processes, parsed


@pytest.fixture
def services(store: RelationalStore) -> Services:
    return writers.services_over(store)


def test_conditional_creates_of_the_same_thing_make_one_resource(
    services: Services, database_url: str
) -> None:
    in_processes(writers.create_if_none_exists, database_url)
    assert parsed(ask(services, "GET", "Patient"))["total"] == 5
    in_processes(writers.create_in_transactions, database_url)
    assert parsed(ask(services, "GET", "Practitioner"))["total"] == 5


def test_creates_under_one_id_make_one_resource_and_one_version(
    services: Services, database_url: str
) -> None:
    in_processes(writers.create_under_one_id, database_url)
    assert parsed(ask(services, "GET", "Basic/_history"))["total"] == 5


def test_no_update_is_lost_with_if_match(services: Services, database_url: str) -> None:
    counter = {"resourceType": "Basic", "extension": [{"url": "urn:count", "valueInteger": 0}]}
    ask(services, "PUT", "Basic/counter", {**counter, "id": "counter"})
    in_processes(writers.increment, database_url)
    written = writers.PROCESSES * writers.THREADS * writers.INCREMENTS
    final = parsed(ask(services, "GET", "Basic/counter"))
    assert final["extension"][0]["valueInteger"] == written
    assert final["meta"]["versionId"] == str(written + 1)


TRANSACTION = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "request": {"method": "PUT", "url": f"Basic/{name}"},
            "resource": {"resourceType": "Basic", "id": name},
        }
        for name in ("a", "b")
    ],
}


def test_a_transaction_is_invisible_until_it_is_committed(store: RelationalStore, services: Services) -> None:
    seen = []

    def look(release: Release, resource: dict[str, Any]) -> list[Issue]:
        """The gate looks at `b` when `a` is written already: what do others see?"""
        if resource["resourceType"] == "Bundle":
            return []
        seen.append((store.read("r4", "Basic", "a"), parsed(ask(services, "GET", "Basic"))["total"]))
        return []

    ask(replace(services, validate=look), "POST", "", TRANSACTION)
    assert seen == [(None, 0), (None, 0)]
    assert parsed(ask(services, "GET", "Basic"))["total"] == 2


def test_a_transaction_that_fails_late_leaves_nothing(store: RelationalStore, services: Services) -> None:
    def refuse_b(release: Release, resource: dict[str, Any]) -> list[Issue]:
        return [Issue("error", "value", "no")] if resource.get("id") == "b" else []

    with pytest.raises(Unprocessable):
        ask(replace(services, validate=refuse_b), "POST", "", TRANSACTION)
    assert store.read("r4", "Basic", "a") is None
    assert parsed(ask(services, "GET", "_history"))["total"] == 0
