import threading

import pytest

from fhir_service.errors import Invalid, Unavailable
from fhir_service.search.index import IndexRow
from fhir_service.search.keys import hash_key
from fhir_service.search.paging import decode_cursor
from fhir_service.search.predicates import (
    Compare,
    Everything,
    Indexed,
    Not,
    Own,
    Predicate,
    TextMatch,
    Together,
    all_of,
    any_of,
)
from fhir_service.search.query import Query
from fhir_service.store import open_store
from fhir_service.store.contract import HistoryPage, HistoryScope, StoredVersion
from fhir_service.store.relational import RelationalStore
from fhir_service.store.searching import LINK_LIMIT

R = "r4"


def put(
    store: RelationalStore, logical_id: str, *rows: IndexRow, version_id: int = 1, body: bytes | None = b"{}"
) -> None:
    with store.write() as transaction:
        version = StoredVersion("Library", logical_id, version_id, 1_000 * version_id, body)
        transaction.put(R, version, rows)


def token(code: str, system: str = "http://s", parameter: str = "topic", element: int = 0) -> IndexRow:
    return "token", parameter, element, (code, hash_key(system)), None


def date(low: int, high: int, parameter: str = "date") -> IndexRow:
    return "date", parameter, 0, (low, high), None


def string(folded: str, value: str | None = None) -> IndexRow:
    return "string", "name", 0, (folded, hash_key(value or folded), "", value or folded), None


def has_code(code: str, parameter: str = "topic") -> Indexed:
    return Indexed("token", ("Library", parameter), (Compare("code", "eq", code),))


def starts_with(prefix: str) -> Indexed:
    return Indexed(
        "string",
        ("Library", "name"),
        (Compare("folded", "ge", prefix), Compare("folded", "lt", prefix + "\U0010ffff")),
    )


def search(store: RelationalStore, predicate: Predicate, **query: object) -> list[str]:
    page = store.search(R, Query("Library", predicate, **query))  # type: ignore[arg-type]
    return [match.logical_id for match in page.matches]


def walk_all(store: RelationalStore, predicate: Predicate, count: int) -> list[str]:
    """All pages, one after the other."""
    found: list[str] = []
    cursor = None
    while True:
        page = store.search(R, Query("Library", predicate, count=count, cursor=cursor))
        found += [match.logical_id for match in page.matches]
        if page.next_cursor is None:
            return found
        cursor = decode_cursor(page.next_cursor)


def test_reads_what_was_written(store: RelationalStore) -> None:
    put(store, "a", body=b'{"a":1}')
    assert store.read(R, "Library", "a") == StoredVersion("Library", "a", 1, 1_000, b'{"a":1}')
    assert store.read(R, "Library", "b") is None
    assert store.read("r5", "Library", "a") is None
    assert store.read(R, "Basic", "a") is None


def test_logical_ids_are_case_sensitive(store: RelationalStore) -> None:
    put(store, "a")
    assert store.read(R, "Library", "A") is None


def test_every_version_stays_readable(store: RelationalStore) -> None:
    put(store, "a", body=b"1")
    put(store, "a", version_id=2, body=b"2")
    put(store, "a", version_id=3, body=None)
    first, second, third = (store.vread(R, "Library", "a", version) for version in (1, 2, 3))
    assert first and first.body == b"1"
    assert second and second.body == b"2"
    assert third and third.is_deleted
    assert store.vread(R, "Library", "a", 4) is None


def test_a_deleted_resource_is_read_as_deleted_and_gone_from_search(store: RelationalStore) -> None:
    put(store, "a", token("x"))
    put(store, "a", version_id=2, body=None)
    found = store.read(R, "Library", "a")
    assert found and found.is_deleted
    assert search(store, Everything()) == []
    assert search(store, has_code("x")) == []


def test_an_update_replaces_the_index_rows(store: RelationalStore) -> None:
    put(store, "a", token("old"))
    put(store, "a", token("new"), version_id=2)
    assert search(store, has_code("old")) == []
    assert search(store, has_code("new")) == ["a"]


def test_a_failed_transaction_leaves_nothing(store: RelationalStore) -> None:
    put(store, "a", token("x"), body=b"1")
    with pytest.raises(RuntimeError), store.write() as transaction:
        transaction.put(R, StoredVersion("Library", "a", 2, 2_000, b"2"), [token("y")])
        transaction.put(R, StoredVersion("Library", "b", 1, 2_000, b"2"), [token("y")])
        raise RuntimeError
    found = store.read(R, "Library", "a")
    assert found and found.body == b"1"
    assert search(store, has_code("y")) == []
    assert search(store, has_code("x")) == ["a"]


def test_an_open_transaction_is_not_seen(store: RelationalStore) -> None:
    with store.write() as transaction:
        transaction.put(R, StoredVersion("Library", "a", 1, 1_000, b"1"), [token("x")])
        assert store.read(R, "Library", "a") is None
    assert store.read(R, "Library", "a") is not None


def test_conditions_combine(store: RelationalStore) -> None:
    put(store, "a", token("x"), token("y"), date(10, 20))
    put(store, "b", token("x"), date(30, 40))
    put(store, "c", token("z"))
    after_25 = Indexed("date", ("Library", "date"), (Compare("low", "ge", 25),))
    assert search(store, all_of([has_code("x"), has_code("y")])) == ["a"]
    assert search(store, all_of([has_code("x"), after_25])) == ["b"]
    assert search(store, any_of([has_code("y"), has_code("z")])) == ["a", "c"]
    assert search(store, Not(has_code("x"))) == ["c"]
    assert search(store, all_of([has_code("x"), Not(has_code("y"))])) == ["b"]
    assert search(store, any_of([Not(has_code("x")), has_code("y")])) == ["a", "c"]
    assert search(store, Own((Compare("logical_id", "eq", "b"),))) == ["b"]
    assert search(store, any_of([Own((Compare("logical_id", "eq", i),)) for i in "ca"])) == ["a", "c"]
    assert search(store, all_of([has_code("x"), Own((Compare("last_updated", "ge", 1_001),))])) == []


def test_a_parameter_without_any_row_matches_nothing(store: RelationalStore) -> None:
    put(store, "a", token("x"))
    assert search(store, has_code("x", parameter="never-seen")) == []
    assert search(store, Not(has_code("x", parameter="never-seen"))) == ["a"]


def test_a_parameter_first_indexed_later_is_found(store: RelationalStore, database_url: str) -> None:
    put(store, "a", token("x"))
    assert search(store, has_code("x", parameter="later")) == []
    other = open_store(database_url)
    put(other, "b", token("x", parameter="later"))
    other.close()
    assert search(store, has_code("x", parameter="later")) == ["b"]


def test_parts_of_a_composite_must_come_from_one_element(store: RelationalStore) -> None:
    def pair(first: str, second: str) -> Together:
        return Together((has_code(first, "c$1"), has_code(second, "c$2")))

    put(
        store,
        "a",
        token("age", parameter="c$1", element=0),
        token("child", parameter="c$2", element=0),
        token("task", parameter="c$1", element=1),
        token("education", parameter="c$2", element=1),
    )
    assert search(store, pair("age", "child")) == ["a"]
    assert search(store, pair("age", "education")) == []


def test_a_resource_with_several_matching_rows_comes_once(store: RelationalStore) -> None:
    put(store, "a", string("iv"), string("ivig"), string("ivy"))
    put(store, "b", string("ivig two"))
    assert search(store, starts_with("iv")) == ["a", "b"]
    assert search(store, any_of([starts_with("iv"), starts_with("ivig")])) == ["a", "b"]
    assert walk_all(store, starts_with("iv"), 1) == ["a", "b"]
    assert walk_all(store, any_of([starts_with("iv"), starts_with("ivig")]), 1) == ["a", "b"]


@pytest.mark.parametrize(
    "predicate",
    [
        Everything(),
        has_code("x"),
        any_of([has_code("x"), has_code("odd")]),
        Indexed("date", ("Library", "date"), (Compare("low", "ge", 0),)),
        Indexed("date", ("Library", "date"), (Compare("high", "gt", 0),)),
        all_of([has_code("x"), Indexed("date", ("Library", "date"), (Compare("low", "ge", 0),))]),
        starts_with("n"),
        Own((Compare("last_updated", "ge", 0),)),
        Not(has_code("never")),
    ],
)
@pytest.mark.parametrize("count", [1, 3, 7, 50])
def test_pages_hold_every_match_exactly_once(
    store: RelationalStore, predicate: Predicate, count: int
) -> None:
    with store.write() as transaction:
        for n in range(23):
            rows = [token("x"), date(100 - n // 3, 200 - n // 3), string(f"n{n % 5}")]
            rows += [token("odd")] if n % 2 else []
            transaction.put(R, StoredVersion("Library", f"id{n}", 1, 1_000 + n // 4, b"{}"), rows)
    assert sorted(walk_all(store, predicate, count)) == sorted(f"id{n}" for n in range(23))


@pytest.mark.parametrize(
    ("predicate", "total"),
    [
        (Everything(), 12),
        (has_code("x"), 12),
        (has_code("odd"), 6),
        (any_of([has_code("odd"), has_code("third")]), 8),
        (all_of([has_code("odd"), has_code("third")]), 2),
        (all_of([has_code("x"), Not(has_code("third"))]), 8),
        (all_of([starts_with("n"), has_code("odd")]), 6),
        (starts_with("n1"), 4),
    ],
)
def test_what_is_counted_is_what_would_be_found(
    store: RelationalStore, predicate: Predicate, total: int
) -> None:
    with store.write() as transaction:
        for n in range(12):
            rows = [token("x"), token("x", "http://other"), string(f"n{n % 3}"), string(f"n{n % 3} too")]
            rows += [token("odd")] if n % 2 else []
            rows += [token("third")] if n % 3 == 0 else []
            transaction.put(R, StoredVersion("Library", f"id{n}", 1, 1_000, b"{}"), rows)
    assert len(search(store, predicate, count=50)) == total
    assert store.search(R, Query("Library", predicate, count=0)).total == total
    assert store.search(R, Query("Library", predicate, count=1, total="accurate")).total == total


def test_total_is_known_when_the_page_holds_all_or_when_asked(store: RelationalStore) -> None:
    for logical_id in "abc":
        put(store, logical_id, token("x"))
    assert store.search(R, Query("Library", has_code("x"))).total == 3
    assert store.search(R, Query("Library", has_code("x"), count=2)).total is None
    assert store.search(R, Query("Library", has_code("x"), count=2, total="accurate")).total == 3
    counted = store.search(R, Query("Library", has_code("x"), count=0))
    assert (counted.total, counted.matches, counted.next_cursor) == (3, (), None)


@pytest.mark.parametrize("position", [("a",), (1, 2), (None,)])
def test_a_cursor_of_another_search_is_refused(store: RelationalStore, position: tuple[object, ...]) -> None:
    from fhir_service.search.paging import Cursor

    put(store, "a", token("x"))
    with pytest.raises(Invalid, match="page link"):
        search(store, starts_with("a"), cursor=Cursor(0 if len(position) == 1 else 7, position))  # type: ignore[arg-type]


def test_every_commit_changes_the_change_token(store: RelationalStore, database_url: str) -> None:
    first = store.change_token()
    assert store.change_token() == first
    put(store, "a")
    second = store.change_token()
    assert second != first
    other = open_store(database_url)
    put(other, "b")
    other.close()
    assert store.change_token() != second


def test_threads_read_on_connections_of_their_own(store: RelationalStore) -> None:
    put(store, "a", token("x"))
    failures: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(50):
                assert store.read(R, "Library", "a")
                assert search(store, has_code("x")) == ["a"]
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_closing_waits_for_the_threads_that_read(store: RelationalStore) -> None:
    """An export goes on while its process stops; SQLite ends a process whose connection is closed in use."""
    put(store, "a", token("x"))
    failures: list[BaseException] = []
    enough = threading.Event()

    def read() -> None:
        try:
            while not enough.is_set():
                assert search(store, has_code("x")) == ["a"]
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(60):
        store.close()
    enough.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_tables_are_created_once(store: RelationalStore) -> None:
    put(store, "a")
    store.create_tables()
    assert store.read(R, "Library", "a") is not None
    assert store.hindrance() is None


def seen(page: HistoryPage) -> list[tuple[str, int, str]]:
    return [(version.logical_id, version.version_id, version.method) for version in page.versions]


@pytest.fixture
def written(store: RelationalStore) -> RelationalStore:
    with store.write() as transaction:
        for n, (logical_id, version_id, body, method) in enumerate(
            [("a", 1, b"1", "POST"), ("b", 1, b"2", "PUT"), ("a", 2, b"3", "PATCH"), ("b", 2, None, "PUT")]
        ):
            transaction.put(R, StoredVersion("Library", logical_id, version_id, 10 * n, body, method), ())
        transaction.put(R, StoredVersion("Basic", "a", 1, 40, b"4"), ())
        transaction.put("r5", StoredVersion("Library", "a", 1, 50, b"5"), ())
    return store


def test_history_comes_newest_first_at_each_level(written: RelationalStore) -> None:
    of_one = written.history(R, HistoryScope("Library", "a"))
    assert (seen(of_one), of_one.total) == ([("a", 2, "PATCH"), ("a", 1, "POST")], 2)
    of_type = written.history(R, HistoryScope("Library"))
    assert seen(of_type) == [("b", 2, "DELETE"), ("a", 2, "PATCH"), ("b", 1, "PUT"), ("a", 1, "POST")]
    assert [version.type_name for version in written.history(R, HistoryScope()).versions][0] == "Basic"
    assert written.history(R, HistoryScope("Patient")).total == 0
    assert written.history(R, HistoryScope("Library", "c")).versions == []


def test_history_is_paged_and_narrowed_by_time(written: RelationalStore) -> None:
    first = written.history(R, HistoryScope("Library", count=3))
    assert (len(first.versions), first.total) == (3, 4)
    second = written.history(R, HistoryScope("Library", count=3, before=first.next_cursor))
    assert (seen(second), second.next_cursor) == ([("a", 1, "POST")], None)
    assert seen(written.history(R, HistoryScope("Library", since=20))) == [
        ("b", 2, "DELETE"),
        ("a", 2, "PATCH"),
    ]
    at_15 = written.history(R, HistoryScope("Library", at=(15, 16)))
    assert seen(at_15) == [("b", 1, "PUT"), ("a", 1, "POST")]


def test_a_connection_that_the_server_closed_is_replaced(store: RelationalStore) -> None:
    put(store, "a", token("x"))
    assert search(store, has_code("x")) == ["a"]
    if not end_connections(store):
        return  # SQLite has no server
    assert search(store, has_code("x")) == ["a"]
    put(store, "b", token("x"))
    assert search(store, has_code("x")) == ["a", "b"]


def test_who_loses_the_server_while_writing_is_told_whether_it_may_be_written(store: RelationalStore) -> None:
    put(store, "a", token("x"))
    if not end_connections(store):
        return  # SQLite has no server
    with pytest.raises(Unavailable, match="look whether it is there"), store.write() as transaction:
        transaction.set_property("told", "1")
        end_connections(store)
    with pytest.raises(Unavailable, match="nothing was written"), store.write() as transaction:
        end_connections(store)
        transaction.set_property("told", "1")
    with store.write() as transaction:
        assert transaction.property("told") is None


def end_connections(store: RelationalStore) -> bool:
    """Those of the store to its server, if it has one."""
    if store.database.engine.dialect.name != "postgresql":
        return False
    with store.database.engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    return True


@pytest.mark.parametrize("most", [LINK_LIMIT, 0])
def test_words_of_narratives_are_found_in_the_content_however_it_was_written(
    store: RelationalStore, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("fhir_service.store.searching.LINK_LIMIT", most)
    put(store, "before", ("text", "", 0, ("given slowly", "given slowly fever chills"), None))
    put(store, "now", ("text", "", 0, ("given slowly", "fever chills"), None))
    put(store, "other", ("text", "", 0, ("given", "fever chills"), None))

    def found(column: str, *phrases: str) -> list[str]:
        group = tuple(tuple(phrase.split()) for phrase in phrases)
        return search(store, TextMatch(column, "Library", (group,)))

    assert found("content", "slowly", "chills") == ["before", "now"]
    assert found("content", "given slowly") == ["before", "now"]
    assert found("content", "chills fever") == []
    assert found("narrative", "slowly") == ["before", "now"]
    assert found("narrative", "slowly", "chills") == []


def test_a_long_text_is_kept_and_found(store: RelationalStore) -> None:
    """Longer than any b-tree's row, and not to be compressed: only the sought part may stand in the key."""
    text = "".join(chr(33 + hash_key(str(n)) % 90) for n in range(12_000))
    row = ("string", "name", 0, (text[:200], hash_key(text), text[100:], text), None)
    put(store, "a", row)
    assert search(store, starts_with(text[:150])) == ["a"]
