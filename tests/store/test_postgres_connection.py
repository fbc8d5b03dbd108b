"""Several statements on one way to PostgreSQL and back: https://www.postgresql.org/docs/15/libpq-pipeline-mode.html"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fhir_service.search.index import IndexRow
from fhir_service.store import open_store
from fhir_service.store.contract import StoredVersion
from fhir_service.store.postgres_connection import Pipelined
from fhir_service.store.relational import RelationalStore
from fhir_service.store.transaction import Transaction
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

    def counted(self: Pipelined, new: Any, sent: Any) -> list[Any]:
        taken.append(len(sent))
        return exchanged(self, new, sent)

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


def test_what_fails_stops_what_follows_and_may_be_undone(connection: Any) -> None:
    connection.ask(("BEGIN", ()))
    for _ in range(2):
        connection.later("INSERT INTO t VALUES ($1, NULL)", 1)
    with pytest.raises(psycopg.errors.UniqueViolation) as failed:
        connection.ask(("COMMIT", ()))
    assert failed.value.sqlstate == "23505"
    connection.ask(("ROLLBACK", ()))
    assert connection.ask(("SELECT n FROM t", ())) == [[]]


def test_a_statement_that_was_never_prepared_is_prepared_the_next_time(connection: Any) -> None:
    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.ask(("SELECT 1 / $1::int", (0,)), ("SELECT 2 / $1::int", (1,)))
    assert connection.ask(("SELECT 2 / $1::int", (1,))) == [[(2,)]]


def test_it_goes_on_when_psycopg_forgets_all_that_is_prepared(connection: Any) -> None:
    for _ in range(10):  # so that psycopg has prepared something
        connection.execute("SELECT count(*) FROM t WHERE n = %s", (1,))
        connection.ask(("SELECT n FROM t", ()))
    connection.execute("CREATE TABLE other ()")
    connection.execute("DROP TABLE other")
    assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
    assert connection.ask(("SELECT n FROM t", ())) == [[]]


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


def test_bodies_are_compressed_by_what_is_fast(store: RelationalStore) -> None:
    with store.write() as transaction:
        put(transaction, 1, body=b'{"resourceType":"Library"}' * 200)
    assert store.rows("SELECT pg_column_compression(body) FROM version") == [("lz4",)]


@pytest.mark.parametrize(
    ("narrative", "content"),
    [
        ("", "only content"),
        ("one narrative", "one narrative and more of one"),
        ("all", "all"),
        ("a word cut of", "a word cut of"),
        ("é😀 x1", "é😀 x1 12 1e5 v2"),
    ],
)
def test_the_words_of_the_content_are_those_of_the_whole(
    store: RelationalStore, narrative: str, content: str
) -> None:
    with store.write() as transaction:
        put(transaction, 1, IndexRow("text", "", 0, (narrative, content)))
    whole = "SELECT to_tsvector('simple', %s)::text, to_tsvector('simple', %s)::text"
    with store.database.connect() as connection:
        expected = connection.execute(whole, (narrative, content)).fetchall()
    assert store.rows("SELECT narrative::text, content::text FROM full_text") == expected
