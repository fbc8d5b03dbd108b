"""Contained resources have rows of their own: written, looked after and removed with their container."""

import json
from decimal import Decimal
from typing import Any

import pytest

from fhir_service.interactions.contained import expand
from fhir_service.releases import RELEASES
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.search.query import parse_query
from fhir_service.store.bulk import Prepared, insert_new
from fhir_service.store.contract import HistoryScope, StoredVersion
from fhir_service.store.maintenance import broken_versions, reindex, serials_to_check, wrong_rows
from fhir_service.store.relational import RelationalStore

R = RELEASES["r4"]
PARAMETERS = {"r4": SearchParameters(R)}

PLACES = ["Observation/a#p", "Observation/a#q"]


def container(logical_id: str = "a", gender: str = "female") -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": logical_id,
        "contained": [
            {"resourceType": "Patient", "id": "p", "gender": gender},
            {
                "resourceType": "Patient",
                "id": "q",
                "gender": gender,
                "link": [{"other": {"reference": "#p"}}],
            },
        ],
        "subject": {"reference": "#q"},
        "valueQuantity": {"value": Decimal("5.4"), "system": "http://unitsofmeasure.org", "code": "mg"},
    }


def version(resource: dict[str, Any], version_id: int = 1) -> StoredVersion:
    body = json.dumps(resource, default=float).encode()
    return StoredVersion(resource["resourceType"], resource["id"], version_id, version_id, body)


def put(store: RelationalStore, resource: dict[str, Any], version_id: int = 1) -> None:
    with store.write() as transaction:
        transaction.put("r4", version(resource, version_id), index_rows(resource, PARAMETERS["r4"]))


def found(
    store: RelationalStore, *pairs: tuple[str, str], readable: frozenset[str] | None = None
) -> list[str]:
    asked = (*pairs, ("_contained", "true"), ("_containedType", "contained"))
    query = parse_query(asked, "Patient", PARAMETERS["r4"])
    queries = expand([query], readable or R.resource_types, R.resource_types, in_compartment=False)
    return [one.logical_id for one in store.search("r4", queries[0]).matches]


def test_a_new_version_replaces_what_was_contained(store: RelationalStore) -> None:
    put(store, container())
    put(store, container(gender="male"), 2)
    assert found(store, ("gender", "female")) == []
    assert found(store, ("gender", "male")) == PLACES


def test_an_id_of_another_release_or_with_the_same_start_is_another_one(store: RelationalStore) -> None:
    put(store, container())
    put(store, container("ab"))
    with store.write() as transaction:
        rows = index_rows(container(), SearchParameters(RELEASES["r5"]))
        transaction.put("r5", version(container()), rows)
        transaction.put("r5", StoredVersion("Observation", "a", 2, 2, None), ())
    put(store, container(gender="male"), 2)
    assert found(store, ("gender", "female")) == ["Observation/ab#p", "Observation/ab#q"]
    assert found(store, ("gender", "male")) == PLACES


def test_a_bulk_load_indexes_what_is_contained(store: RelationalStore) -> None:
    with store.write() as transaction:
        prepared = [Prepared(version(container()), index_rows(container(), PARAMETERS["r4"]))]
        insert_new(transaction, "r4", prepared)
    assert found(store, ("gender", "female")) == PLACES


def test_nothing_comes_out_of_a_container_that_may_not_be_read(store: RelationalStore) -> None:
    put(store, container())
    assert found(store, readable=frozenset(("Patient", "Library"))) == []
    assert found(store, readable=frozenset(("Patient", "Observation"))) == PLACES


@pytest.mark.parametrize("contained", ["contained", "container"])
def test_everything_is_indexed_anew_and_then_right(store: RelationalStore, contained: str) -> None:
    put(store, container())
    put(store, {"resourceType": "Patient", "id": "alone"})
    parameters = store.search_parameters(PARAMETERS)
    spoilt = "type IN" if contained == "contained" else "type NOT IN"
    with store.write() as transaction:
        transaction.execute(
            "DELETE FROM index_token WHERE resource IN (SELECT serial FROM resource"
            f" WHERE {spoilt} (SELECT number FROM type WHERE name = '#Patient'))"
        )
    assert list(wrong_rows(store, parameters, serials_to_check(store, True))) != []
    assert list(reindex(store, parameters)) == [(2, 2)]
    assert list(wrong_rows(store, parameters, serials_to_check(store, True))) == []
    assert list(broken_versions(store)) == []
    assert found(store, ("gender", "female")) == PLACES


def test_history_and_types_know_no_contained_resource(store: RelationalStore) -> None:
    put(store, container())
    assert [one.type_name for one in store.history("r4", HistoryScope()).versions] == ["Observation"]
    with store.write() as transaction:
        assert transaction.types() == [("r4", "Observation")]
