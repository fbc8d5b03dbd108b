"""Terminology out of a store, on both databases: nothing stale, nothing asked twice, nothing undone."""

from typing import Any

import pytest

from fhir_service.formats import fhir_json
from fhir_service.releases import R4
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.search.query import Query
from fhir_service.store.contract import Page, StoredVersion, WritableResources
from fhir_service.store.relational import RelationalStore
from fhir_service.stored_terminology import Remembered, StoredTerminology
from fhir_service.terminology.members import members_of
from fhir_service.terminology.memory import Memory

PARAMETERS = SearchParameters(R4)
URL = "http://animals"


def put(resources: WritableResources, resource: dict[str, Any], version_id: int = 1) -> None:
    version = StoredVersion(
        resource["resourceType"], resource["id"], version_id, version_id, fhir_json.dump(resource)
    )
    resources.put("r4", version, index_rows(resource, PARAMETERS))


def code_system(*codes: str, id: str = "animals", **more: Any) -> dict[str, Any]:
    concepts = [{"code": code} for code in codes]
    return {
        "resourceType": "CodeSystem",
        "id": id,
        "url": URL,
        "status": "active",
        "content": "complete",
        "concept": concepts,
        **more,
    }


VALUE_SET = {
    "resourceType": "ValueSet",
    "id": "all",
    "url": "http://animals/all",
    "status": "active",
    "compose": {"include": [{"system": URL}]},
}


class Counting:
    """A store that counts how often it is searched."""

    def __init__(self, store: RelationalStore) -> None:
        self.store = store
        self.searches = 0

    def search(self, release: str, query: Query) -> Page:
        self.searches += 1
        return self.store.search(release, query)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def codes(terminology: StoredTerminology) -> list[str]:
    value_set = terminology.value_set("http://animals/all")
    assert value_set is not None
    return [one.code for one in members_of(value_set, terminology).members]


def test_what_is_unchanged_is_not_asked_for_again_and_what_changed_is_seen(store: RelationalStore) -> None:
    with store.write() as transaction:
        put(transaction, code_system("cat"))
        put(transaction, VALUE_SET)
    counting, remembered = Counting(store), Remembered()

    def look() -> StoredTerminology:
        return StoredTerminology(counting, "r4", R4.resource_types, remembered)

    assert codes(look()) == ["cat"]
    searches = counting.searches
    assert codes(look()) == ["cat"]
    assert counting.searches == searches
    with store.write() as transaction:
        put(transaction, code_system("cat", "dog"), 2)
    assert codes(look()) == ["cat", "dog"]


def test_what_another_write_left_as_it_is_is_not_worked_out_again(store: RelationalStore) -> None:
    with store.write() as transaction:
        put(transaction, code_system("cat"))
        put(transaction, VALUE_SET)
    remembered = Remembered()
    made = []

    def members() -> Any:
        terminology = StoredTerminology(store, "r4", R4.resource_types, remembered)

        def make() -> object:
            terminology.code_system(URL)
            made.append(1)
            return object()

        return terminology.kept("key", lambda _: 1, make)

    first = members()
    with store.write() as transaction:
        put(transaction, code_system("cow", id="other", url="http://other"))
    assert members() is first
    with store.write() as transaction:
        put(transaction, code_system("dog"), 2)
    assert members() is not first
    assert len(made) == 2


def test_nothing_of_a_transaction_is_remembered_after_it(store: RelationalStore) -> None:
    remembered = Remembered()

    class Undone(Exception):
        pass

    with pytest.raises(Undone), store.write() as transaction:
        put(transaction, code_system("unicorn"))
        put(transaction, VALUE_SET)
        assert codes(StoredTerminology(transaction, "r4", R4.resource_types, remembered)) == ["unicorn"]
        raise Undone
    with store.write() as transaction:
        put(transaction, code_system("cat"))
        put(transaction, VALUE_SET)
    assert codes(StoredTerminology(store, "r4", R4.resource_types, remembered)) == ["cat"]


def test_without_a_version_the_latest_is_meant_and_an_active_one_before_a_draft(
    store: RelationalStore,
) -> None:
    with store.write() as transaction:
        put(transaction, code_system("nine", id="a", version="1.9.0"))
        put(transaction, code_system("ten", id="b", version="1.10.0"))
        put(transaction, code_system("two", id="c", version="2.0.0", status="draft"))
    terminology = StoredTerminology(store, "r4", R4.resource_types)

    def held(version: str | None) -> list[str]:
        found = terminology.code_system(URL, version)
        return list(found.concepts) if found else []

    assert [held(version) for version in (None, "1.9.0", "2.0.0", "3")] == [["ten"], ["nine"], ["two"], []]
    assert [one.version for one in terminology.code_systems()[URL]] == ["2.0.0", "1.9.0", "1.10.0"]


def test_what_may_not_be_read_is_not_known_whoever_asked_before(store: RelationalStore) -> None:
    with store.write() as transaction:
        put(transaction, code_system("cat"))
    remembered = Remembered()
    few = frozenset({"ValueSet"})
    for _ in range(2):
        assert StoredTerminology(store, "r4", few, remembered).code_system(URL) is None
        assert StoredTerminology(store, "r4", R4.resource_types, remembered).code_system(URL) is not None


def test_memory_lets_go_of_what_was_not_used_for_longest() -> None:
    memory = Memory(most_weight=30)
    memory.put("a", 9, "a")
    memory.put("b", 9, "b")
    assert memory.get("a") == "a"
    memory.put("c", 14, "c")
    assert [memory.get(key) for key in "abc"] == ["a", None, "c"]
    memory.put("a", 0, "again")
    memory.put("d", 13, "d")
    assert [memory.get(key) for key in "acd"] == ["again", "c", "d"]
    memory.put("e", 30, "too heavy")
    assert memory.get("e") is None
