"""Hierarchies out of a store, on both databases: how far they are followed, and for whom."""

from collections.abc import Iterable

import pytest

from fhir_service.errors import NotSupported
from fhir_service.releases import R4
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.search.param_types import Context
from fhir_service.search.predicates import Compare, Indexed
from fhir_service.search.query import Query, parse_query
from fhir_service.store.contract import StoredVersion
from fhir_service.store.relational import RelationalStore
from fhir_service.stored_hierarchies import MAXIMUM_FOUND, StoredHierarchies

PARAMETERS = SearchParameters(R4)


def put_places(store: RelationalStore, parents: Iterable[tuple[str, str]]) -> None:
    with store.write() as transaction:
        for logical_id, parent in parents:
            place = {"resourceType": "Location", "id": logical_id}
            body = f'{{"partOf":{{"reference":"Location/{parent}"}}}}'.encode()
            rows = index_rows({**place, "partOf": {"reference": f"Location/{parent}"}}, PARAMETERS)
            transaction.put("r4", StoredVersion("Location", logical_id, 1, 0, body), rows)


def query(store: RelationalStore, name: str, value: str, *readable: str) -> Query:
    context = Context(hierarchies=StoredHierarchies(store, "r4", frozenset(readable)))
    return parse_query([(name, value)], "Observation", PARAMETERS, context=context)


def test_a_place_may_have_as_many_parts_as_the_limit_and_no_more(store: RelationalStore) -> None:
    put_places(store, ((f"l{n}", "top") for n in range(1, MAXIMUM_FOUND)))
    found = query(store, "subject:below", "Location/top", "Location").predicate
    assert isinstance(found, Indexed)
    assert isinstance(found.tests[0], Compare)
    assert isinstance(found.tests[0].value, tuple)
    assert len(found.tests[0].value) == MAXIMUM_FOUND
    put_places(store, [("more", "l1")])
    with pytest.raises(NotSupported, match="More than 1000 resources are below `Location/top`") as refused:
        query(store, "subject:below", "Location/top", "Location")
    assert refused.value.issues[0].code == "too-costly"
    assert refused.value.issues[0].expression == ("http.subject",)


def test_a_longer_way_up_is_refused(store: RelationalStore) -> None:
    put_places(store, ((f"l{n}", f"l{n + 1}") for n in range(MAXIMUM_FOUND)))
    query(store, "subject:above", "Location/l1", "Location")
    with pytest.raises(NotSupported, match="More than 1000 resources are above `Location/l0`"):
        query(store, "subject:above", "Location/l0", "Location")


@pytest.mark.parametrize("value", ["Location/top", "top"])
def test_what_may_not_be_read_is_not_looked_through(store: RelationalStore, value: str) -> None:
    put_places(store, [("part", "top")])
    with pytest.raises(NotSupported, match="resources of type Location, which are not served"):
        query(store, "subject:below", value, "Observation", "Patient")


def test_without_a_store_the_modifier_is_refused_by_name() -> None:
    with pytest.raises(NotSupported, match="`subject:below` is not supported here"):
        parse_query([("subject:below", "Location/top")], "Observation", PARAMETERS)
