"""Several statements on one way to PostgreSQL and back: https://www.postgresql.org/docs/15/libpq-pipeline-mode.html"""

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fhir_service.search.index import IndexRow
from fhir_service.store import filling, open_store
from fhir_service.store.bulk import Prepared, insert_new
from fhir_service.store.contract import StoredVersion
from fhir_service.store.postgres_connection import _MOST, Pipelined
from fhir_service.store.relational import RelationalStore
from fhir_service.store.transaction import Transaction
from tests.interactions.writers import ask, parsed, services_over
from tests.store.test_relational import R, has_code, search, token
from tests.store_fixtures import new_database


@pytest.fixture
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RelationalStore]:
    opened = open_store(new_database(request, "postgresql", tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def connection(store: RelationalStore) -> Iterator[Any]:
    with store.database.connect() as opened:
        opened.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body BYTEA)")
        yield opened


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements went on each way to the server that a transaction took."""
    taken: list[int] = []
    exchanged = Pipelined._exchanged

    def counted(self: Pipelined, sent: Any) -> list[Any]:
        taken.append(len(sent))
        return exchanged(self, sent)

    monkeypatch.setattr(Pipelined, "_exchanged", counted)
    return taken


def put(transaction: Transaction, version_id: int, *rows: IndexRow, body: bytes | None = b"{}") -> None:
    transaction.put(R, StoredVersion("Library", "a", version_id, 1_000, body), rows)


def test_what_needs_no_answer_goes_with_what_does(connection: Any, ways: list[int]) -> None:
    connection.later("INSERT INTO t VALUES ($1, $2)", 1, None)
    connection.later("INSERT INTO t VALUES ($1, $2)", 2, "\\x00ff")
    assert ways == []
    first, second = connection.ask(
        ("SELECT body FROM t ORDER BY n", ()), ("SELECT n FROM t WHERE n > $1", (1,))
    )
    assert (first, second, ways) == ([(None,), (b"\0\xff",)], [(2,)], [4])


def test_what_waits_is_done_before_any_other_statement(connection: Any) -> None:
    connection.later("INSERT INTO t VALUES ($1, NULL)", 1)
    assert connection.execute("SELECT n FROM t").fetchall() == [(1,)]
    connection.later("DELETE FROM t")
    with connection.cursor() as cursor:
        assert cursor.execute("SELECT n FROM t").fetchall() == []
    connection.later("INSERT INTO t VALUES ($1, NULL)", 2)
    assert connection.rows("SELECT n FROM t WHERE n > $1", [1]) == [(2,)]


def test_what_fails_stops_what_follows_and_may_be_undone(connection: Any) -> None:
    connection.ask(("BEGIN", ()))
    for _ in range(2):
        connection.later("INSERT INTO t VALUES ($1, NULL)", 1)
    with pytest.raises(psycopg.errors.UniqueViolation) as failed:
        connection.ask(("COMMIT", ()))
    assert failed.value.sqlstate == "23505"
    connection.ask(("ROLLBACK", ()))
    assert connection.ask(("SELECT n FROM t", ())) == [[]]


def test_what_waits_when_all_is_undone_is_never_sent(
    store: RelationalStore, connection: Any, ways: list[int]
) -> None:
    store.database.begin(connection, ("SELECT 1", ()))
    connection.later("INSERT INTO t VALUES ($1, NULL)", 1)
    store.database.rollback(connection)
    assert ways == [3, 1]


def test_a_statement_that_was_never_prepared_is_prepared_the_next_time(connection: Any) -> None:
    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.ask(("SELECT 1 / $1::int", (0,)), ("SELECT 2 / $1::int", (1,)))
    assert connection.ask(("SELECT 2 / $1::int", (1,))) == [[(2,)]]
    for _ in range(2):
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.ask(("SELECT n FROM other", ()), ("SELECT 3", ()))
    connection.execute("CREATE TABLE other (n INTEGER)")
    assert connection.ask(("SELECT n FROM other", ()), ("SELECT 3", ())) == [[], [(3,)]]


VALUES = {
    "a number": (7, "$1::bigint"),
    "a long one": (-(2**62), "$1::bigint"),
    "a fraction": (0.1, "$1::double precision"),
    "true": (True, "$1::boolean"),
    "nothing": (None, "$1::text"),
    "a text": ('it\'s a \\ "é😀"', "$1::text"),
    "numbers": ([3, 1, 2], "$1::bigint[]"),
    "texts": (["a,b", 'say "x"', "\\", "", "NULL", "{é}"], "$1::text[]"),
}


@pytest.mark.parametrize(("value", "text"), VALUES.values(), ids=VALUES)
def test_values_come_back_as_they_went(connection: Any, value: Any, text: str) -> None:
    for _ in range(3):  # prepared, and by its name
        assert connection.rows(f"SELECT {text}", (value,)) == [(value,)]


def test_rows_have_the_types_of_their_columns(connection: Any) -> None:
    numbers, others = "1::smallint, 2::int, 3::bigint, 0.5::float8", "'a'::text, false, '\\x00ff'::bytea"
    for _ in range(3):
        assert connection.rows(f"SELECT {numbers}, {others}, '[1]'::json, NULL") == [
            (1, 2, 3, 0.5, "a", False, b"\0\xff", [1], None)
        ]


def test_a_number_that_its_column_cannot_hold_is_in_no_row(connection: Any) -> None:
    connection.rows("INSERT INTO t VALUES ($1, NULL)", (1,))
    for number, found in ((1, [(1,)]), (2**40, []), (-(2**62), [])):
        assert connection.rows("SELECT n FROM t WHERE n = $1", (number,)) == found


def test_the_same_place_may_hold_values_of_several_types(connection: Any) -> None:
    connection.rows("INSERT INTO t VALUES (1, NULL), (2, NULL)")
    for least, found in ((2, [(2,)]), (1.5, [(2,)]), ("1", [(1,), (2,)]), (None, []), (1, [(1,), (2,)])):
        assert connection.rows("SELECT n FROM t WHERE n >= $1 ORDER BY n", (least,)) == found


def test_what_waits_goes_with_what_is_read(connection: Any, ways: list[int]) -> None:
    for number in (1, 2):
        connection.later("INSERT INTO t VALUES ($1, NULL)", number)
        assert len(connection.rows("SELECT n FROM t")) == number
    assert ways == [2, 2]


@pytest.mark.parametrize("command", ["DISCARD ALL", "DEALLOCATE ALL"])
def test_it_goes_on_when_the_server_has_forgotten_what_was_prepared(connection: Any, command: str) -> None:
    assert connection.rows("SELECT count(*) FROM t") == connection.rows("SELECT count(*) FROM t") == [(0,)]
    connection.execute(command)
    assert connection.rows("SELECT count(*) FROM t") == [(0,)]
    connection.execute(command)
    connection.later("INSERT INTO t VALUES (1, NULL)")
    assert connection.ask(("SELECT count(*) FROM t", ())) == [[(1,)]]


def test_a_transaction_is_not_begun_again_when_the_server_has_forgotten_what_was_prepared(
    connection: Any,
) -> None:
    for _ in range(2):
        connection.ask(("BEGIN", ()))
        connection.later("INSERT INTO t VALUES (1, NULL)")
        connection.ask(("ROLLBACK", ()))
    connection.ask(("BEGIN", ()))
    connection.later("INSERT INTO t VALUES (2, NULL)")
    connection.ask(("SELECT 1", ()))
    connection.execute("DEALLOCATE ALL")
    connection.later("INSERT INTO t VALUES (1, NULL)")
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        connection.ask(("COMMIT", ()), ("SELECT 1", ()))
    connection.ask(("ROLLBACK", ()))
    assert connection.rows("SELECT n FROM t") == []


def test_what_is_committed_is_not_sent_again_for_what_fails_after_it(connection: Any) -> None:
    connection.rows("SELECT * FROM t")
    connection.ask(("BEGIN", ()))
    connection.later("INSERT INTO t VALUES (1, NULL)")
    connection.later("ALTER TABLE t DROP body")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        connection.ask(("COMMIT", ()), ("SELECT * FROM t", ()))
    assert connection.rows("SELECT * FROM t") == [(1,)]


def test_what_gives_other_columns_since_a_table_has_changed_is_prepared_anew(connection: Any) -> None:
    for _ in range(2):
        assert connection.rows("SELECT * FROM t") == []
    connection.rows("INSERT INTO t VALUES (1, NULL)")
    connection.execute("ALTER TABLE t ALTER body TYPE TEXT USING 'changed'")
    assert connection.rows("SELECT * FROM t") == [(1, "changed")]
    connection.execute("ALTER TABLE t DROP body")
    connection.ask(("BEGIN", ()))
    with pytest.raises(psycopg.errors.FeatureNotSupported):  # which has ended the transaction
        connection.rows("SELECT * FROM t")
    connection.ask(("ROLLBACK", ()))
    assert connection.rows("SELECT * FROM t") == [(1,)]


def test_a_table_that_was_made_anew_is_read(connection: Any) -> None:
    for number in (1, 2):
        connection.rows("INSERT INTO t VALUES ($1, NULL)", (number,))
        assert connection.rows("SELECT n FROM t") == connection.rows("SELECT n FROM t") == [(number,)]
        connection.execute("DROP TABLE t")
        connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body BYTEA)")


def test_of_many_statements_those_used_last_stay_prepared(connection: Any) -> None:
    for number in range(3 * _MOST):
        assert connection.rows(f"SELECT {number}") == [(number,)]
        assert connection.rows("SELECT -1") == [(-1,)]
    kept = {text for (text,) in connection.rows("SELECT statement FROM pg_prepared_statements")}
    assert len(kept) <= _MOST + 1
    assert {"SELECT -1", f"SELECT {3 * _MOST - 1}"} <= kept
    assert "SELECT 0" not in kept
    assert connection.rows("SELECT 0") == [(0,)]


def test_other_threads_go_on_while_the_server_works(store: RelationalStore, connection: Any) -> None:
    lock, unlock = "SELECT pg_advisory_lock($1)", "SELECT pg_advisory_unlock($1)"
    connection.execute("SET lock_timeout = '10s'")
    for statement in (lock, unlock):
        connection.rows(statement, (1,))
    with store.database.connect() as other:
        other.rows(lock, (1,))

        def release() -> None:
            while not other.rows("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                pass
            other.rows(unlock, (1,))

        releasing = threading.Thread(target=release)
        releasing.start()
        connection.rows(lock, (1,))
        releasing.join()
    assert connection.rows(unlock, (1,)) == [(True,)]


def test_a_statement_that_fails_is_told_as_what_it_is(connection: Any) -> None:
    for _ in range(3):
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.rows("SELECT 1 / $1::int", (0,))
    assert connection.rows("SELECT 1 / $1::int", (1,)) == [(1,)]


def test_more_than_fits_into_a_socket_goes_both_ways(connection: Any) -> None:
    much = "x" * 3_000_000
    for _ in range(3):
        connection.later("SELECT $1::text", much)
    assert connection.ask(("SELECT $1::text", (much,))) == [[(much,)]]


def test_a_connection_that_is_lost_says_so(store: RelationalStore, connection: Any) -> None:
    with store.database.connect() as other:
        ((pid,),) = connection.ask(("SELECT pg_backend_pid()", ()))[0]
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
    with pytest.raises(psycopg.OperationalError):
        for _ in range(2):  # the first may still learn why
            connection.ask(("SELECT 1", ()))
    assert connection.closed


@pytest.mark.parametrize("statements", [1, 2])
def test_a_connection_that_is_lost_while_it_reads_says_so(
    store: RelationalStore, connection: Any, statements: int
) -> None:
    ((pid,),) = connection.rows("SELECT pg_backend_pid()")
    with store.database.connect() as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
    for _ in range(statements):
        with pytest.raises(psycopg.OperationalError):
            connection.rows("SELECT pg_backend_pid()")
    assert connection.closed


def test_a_write_takes_few_ways(store: RelationalStore, ways: list[int]) -> None:
    with store.write() as transaction:  # numbers of types and parameters are given
        transaction.put(R, StoredVersion("Library", "first", 1, 1_000, b"{}"), [token("x")])
    taken = {}
    for done in ("create", "update", "delete"):
        ways.clear()
        with store.write() as transaction:
            if done == "create":
                put(transaction, 1, token("x"))
            else:
                current = transaction.read(R, "Library", "a")
                assert current is not None
                put(transaction, current.version_id + 1, body=b"{}" if done == "update" else None)
        taken[done] = len(ways)
    assert taken == {"create": 3, "update": 4, "delete": 4}
    assert search(store, has_code("x")) == ["first"]


@pytest.mark.parametrize(("logical_id", "total", "statements"), [("a", 1, 1), ("b", 0, 2)])
def test_a_search_looks_at_the_definitions_in_its_first_statement(
    store: RelationalStore,
    monkeypatch: pytest.MonkeyPatch,
    logical_id: str,
    total: int,
    statements: int,
) -> None:
    """Where that finds nothing, it asks why."""
    with store.write() as transaction:
        put(transaction, 1)
    services = services_over(store)
    asked: list[str] = []
    rows = Pipelined.rows

    def noted(self: Pipelined, text: str, values: Any = ()) -> Any:
        asked.append(text)
        return rows(self, text, values)

    monkeypatch.setattr(Pipelined, "rows", noted)
    for _ in range(2):
        asked.clear()
        answer = parsed(ask(services, "GET", "Library", None, (("_id", logical_id),)))
        assert answer["total"] == total
    assert len(asked) == statements


@pytest.mark.parametrize("body", [b" " * 8_000, random.Random(1).randbytes(8_000)], ids=["blank", "random"])
def test_what_fits_on_a_page_is_kept_in_its_row_as_it_is(store: RelationalStore, body: bytes) -> None:
    """Else blanks would be compressed, and what cannot be would stand in another table."""
    with store.write() as transaction:
        put(transaction, 1, body=body)
    assert store.rows("SELECT pg_column_compression(body) FROM version") == [(None,)]
    beside = "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE relname = 'version'"
    assert store.rows(beside) == [(0,)]


@pytest.mark.parametrize(
    ("narrative", "others"),
    [
        ("", "only others"),
        ("one narrative", "and more of one"),
        ("all", ""),
        ("é😀 x1", "12 1e5 v2"),
    ],
)
def test_the_words_of_the_content_are_those_of_the_whole(
    store: RelationalStore, narrative: str, others: str
) -> None:
    row: IndexRow = ("text", "", 0, (narrative, others), None)
    filling.start(store, {})
    with store.write() as transaction:
        version = StoredVersion("Library", "loaded", 1, 1_000, b"{}")
        insert_new(transaction, R, [Prepared(version, [row])], filling.kinds_aside(transaction))
    assert [step.kind for step in filling.finish(store)][-2:] == ["text", ""]
    with store.write() as transaction:
        put(transaction, 1, row)
    whole = "SELECT to_tsvector('simple', %s)::text, to_tsvector('simple', %s)::text"
    with store.database.connect() as connection:
        expected = connection.execute(whole, (narrative, f"{narrative} {others}")).fetchall()
    assert store.rows("SELECT narrative::text, content::text FROM full_text") == 2 * expected
