"""Versions out of a store, on both databases: how many are looked at, and for whom."""

import json
from typing import Any

import pytest

from fhir_service.errors import NotSupported
from fhir_service.releases import R5
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.search.param_types import Context
from fhir_service.search.predicates import Compare, Indexed
from fhir_service.search.query import Query, parse_query
from fhir_service.store.contract import StoredVersion
from fhir_service.store.relational import RelationalStore
from fhir_service.stored_versions import MAXIMUM_FOUND, StoredVersions

PARAMETERS = SearchParameters(R5)
URL = "https://education.test/fhir/Questionnaire/q"
FORM = {
    "resourceType": "Questionnaire",
    "id": "q",
    "url": URL,
    "versionAlgorithmCoding": {"system": "http://hl7.org/fhir/version-algorithm", "code": "integer"},
}


def put(store: RelationalStore, *resources: dict[str, Any]) -> None:
    with store.write() as transaction:
        for one in resources:
            version = StoredVersion(one["resourceType"], one["id"], 1, 0, json.dumps(one).encode())
            transaction.put("r5", version, index_rows(one, PARAMETERS))


def answer(logical_id: str, version: int) -> dict[str, Any]:
    return {"resourceType": "QuestionnaireResponse", "id": logical_id, "questionnaire": f"{URL}|{version}"}


def query(store: RelationalStore, value: str, *readable: str) -> Query:
    context = Context(versions=StoredVersions(store, R5, frozenset(readable)))
    pairs = [("questionnaire:above", value)]
    return parse_query(pairs, "QuestionnaireResponse", PARAMETERS, context=context)


def test_as_many_versions_as_the_limit_are_looked_at_and_no_more(store: RelationalStore) -> None:
    put(store, FORM, *(answer(f"a{n}", n) for n in range(MAXIMUM_FOUND)), answer("again", 5))
    found = query(store, f"{URL}|7", "Questionnaire").predicate
    assert isinstance(found, Indexed)
    assert isinstance(found.tests[0], Compare)
    assert isinstance(found.tests[0].value, tuple)
    assert len(found.tests[0].value) == MAXIMUM_FOUND - 8
    put(store, answer("more", MAXIMUM_FOUND))
    with pytest.raises(NotSupported, match=f"more than 1000 versions of {URL} are referred to") as refused:
        query(store, f"{URL}|7", "Questionnaire")
    assert refused.value.issues[0].code == "too-costly"


def test_versions_that_only_contained_resources_name_count_too(store: RelationalStore) -> None:
    inside = {**answer("inside", 9), "id": "c"}
    put(store, FORM, {"resourceType": "Basic", "id": "b", "contained": [inside]})
    found = query(store, f"{URL}|7", "Questionnaire").predicate
    assert isinstance(found, Indexed)


def test_what_may_not_be_read_does_not_tell_its_order(store: RelationalStore) -> None:
    put(store, FORM, answer("a", 9))
    with pytest.raises(NotSupported, match="the order of the versions of .* is not known"):
        query(store, f"{URL}|7", "QuestionnaireResponse", "Library")


def test_without_a_store_the_modifier_is_refused_by_name() -> None:
    with pytest.raises(NotSupported, match="`questionnaire:above` is not supported here"):
        parse_query([("questionnaire:above", f"{URL}|7")], "QuestionnaireResponse", PARAMETERS)
