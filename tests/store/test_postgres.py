"""What PostgreSQL alone does."""

from collections.abc import Iterator

import pytest

from fhir_service.errors import Contended, Invalid
from fhir_service.search.predicates import Compare, Own, TextMatch
from fhir_service.store import open_store
from fhir_service.store.contract import StoredVersion
from fhir_service.store.postgres import numbered
from fhir_service.store.relational import RelationalStore
from tests.databases import new_postgres_database
from tests.interactions.writers import BUILT, ask, parsed, services_over
from tests.store.test_parameters import definition
from tests.store.test_relational import put, search


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[RelationalStore]:
    opened = open_store(
        new_postgres_database(*map(request.getfixturevalue, ("postgres", "postgresql_template")))
    )
    yield opened
    opened.close()


def test_long_bodies_are_compressed_in_the_way_that_is_read_fast(store: RelationalStore) -> None:
    body = b'{"resourceType":"Library","description":"%s"}' % (b"How long it takes. " * 500)
    with store.write() as transaction:
        transaction.put("r4", StoredVersion("Library", "a", 1, 1, body), ())
    assert store.rows("SELECT pg_column_compression(body) FROM version") == [("lz4",)]
    found = store.read("r4", "Library", "a")
    assert found is not None
    assert found.body == body


@pytest.mark.parametrize(
    ("text", "written", "lists"),
    [
        ("a = ? AND b IN (?)", "a = $1 AND b IN ($2)", ()),
        ("a IN (?, ?) AND b = ?", "a IN ($1, $2) AND b = $3", ()),
        (
            "a = ? AND b IN (?, ?, ?) AND c = ? AND d IN (?, ?, ?, ?)",
            "a = $1 AND b = ANY ($2) AND c = $3 AND d = ANY ($4)",
            ((1, 4), (5, 9)),
        ),
        ("a IN (?, ?, ?) AND b = ?", "a = ANY ($1) AND b = $2", ((0, 3),)),
        ("a NOT IN (?, ?, ?)", "a NOT IN ($1, $2, $3)", ()),
    ],
)
def test_a_list_of_any_length_is_one_value(
    text: str, written: str, lists: tuple[tuple[int, int], ...]
) -> None:
    assert numbered(text)[:2] == (written, lists)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 2_000])
def test_each_of_a_list_is_found(store: RelationalStore, length: int) -> None:
    ids = ("a", 'quoted "b"', "back\\slash", "{c}", "d,e", "NULL", "é")
    for logical_id in ids:
        put(store, logical_id)
    asked = (*ids, *map(str, range(length)))[:length]
    assert search(store, Own((Compare("logical_id", "in", asked),))) == [*ids[:length]]


def test_lists_of_all_lengths_are_one_statement(store: RelationalStore) -> None:
    put(store, "a")
    for length in range(3, 40):
        search(store, Own((Compare("logical_id", "in", ("a", *map(str, range(length)))),)))
    prepared = [text for (text,) in store.rows("SELECT statement FROM pg_prepared_statements")]
    assert len([text for text in prepared if "logical_id = ANY" in text]) == 1


def test_a_statement_that_reads_is_planned_once_and_one_for_words_each_time(store: RelationalStore) -> None:
    put(store, "a", ("text", "", 0, ("some words", "and more"), None))
    words = TextMatch("narrative", "Library", ((("some", "words"),),))
    for _ in range(8):
        assert search(store, words) == ["a"]
        assert store.read("r4", "Library", "a") is not None
    plans = store.rows("SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements")
    of_reads = [plan[1:] for plan in plans if "r.logical_id = $2" in plan[0]]
    of_words = [plan[1:] for plan in plans if "to_tsquery" in plan[0]]
    assert of_reads == [(8, 0)]
    assert of_words
    assert all(generic == 0 for generic, _ in of_words)


@pytest.mark.parametrize("is_there", [True, False])
def test_what_is_presumed_of_definitions_is_looked_at_with_the_first_statement(
    store: RelationalStore, is_there: bool
) -> None:
    if is_there:
        put(store, "a")
    parameters = store.search_parameters(BUILT)
    assert parameters["r4"].pending_data == []
    with pytest.raises(Contended), store.presuming():
        assert parameters["r4"].pending_data == []
        _define_elsewhere(store)
        store.read("r4", "Library", "a")
    with store.presuming():
        assert [one["code"] for one in parameters["r4"].pending_data] == ["eyes"]
        assert (store.read("r4", "Library", "a") is not None) == is_there


def test_what_is_in_order_stays_so_within_the_first_statement(store: RelationalStore) -> None:
    services = services_over(store)
    for number in range(12):
        library = {"resourceType": "Library", "id": f"l{number}", "status": "draft", "type": {"text": "x"}}
        titled = {"title": f"title {number % 3}", "name": f"Name{number:02}"}
        assert ask(services, "PUT", f"Library/l{number}", {**library, **titled}).status == 201
    for _ in range(3):
        bundle = parsed(ask(services, "GET", "Library", None, (("_sort", "title,-name"),)))
        found = [int(entry["resource"]["id"][1:]) for entry in bundle["entry"]]
        assert found == sorted(range(12), key=lambda number: (number % 3, -number))


def test_what_is_refused_for_what_was_presumed_is_looked_at_before_it_is_told(store: RelationalStore) -> None:
    parameters = store.search_parameters(BUILT)
    assert parameters["r4"].pending_data == []
    with pytest.raises(Invalid), store.presuming():
        assert parameters["r4"].pending_data == []
        raise Invalid("There is no such parameter.")
    with pytest.raises(Contended), store.presuming():
        assert parameters["r4"].pending_data == []
        _define_elsewhere(store)
        raise Invalid("There is no such parameter.")


def _define_elsewhere(store: RelationalStore) -> None:
    """As another process does, over a store of its own."""
    other = open_store(store.database.engine.url.render_as_string(hide_password=False))
    put_definition = ask(services_over(other), "PUT", "SearchParameter/eyes", definition())
    assert put_definition.status == 201
    other.close()
