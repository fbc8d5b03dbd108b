"""What is put in a transaction is written together, and nothing in the transaction can tell."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from fhir_service.errors import Contended
from fhir_service.search.index import IndexRow
from fhir_service.store.contract import HistoryScope, StoredVersion
from fhir_service.store.relational import RelationalStore
from fhir_service.store.transaction import Transaction
from tests.store.test_relational import R, has_code, search, token


def version(logical_id: str, version_id: int = 1, body: bytes | None = b"{}") -> StoredVersion:
    return StoredVersion("Library", logical_id, version_id, 1_000 * version_id, body)


def put(transaction: Transaction, logical_id: str, *rows: IndexRow, version_id: int = 1) -> None:
    transaction.put(R, version(logical_id, version_id), rows)


def test_many_resources_are_inserted_at_once(store: RelationalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    inserted: list[int] = []
    insert = store.database.insert

    def counted(connection: Any, rows: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        inserted.append(len(rows["version"]))
        insert(connection, rows)

    monkeypatch.setattr(store.database, "insert", counted)
    with store.write() as transaction:
        for number in range(100):
            assert transaction.read(R, "Library", f"l{number}") is None
            assert transaction.owner(R, "Library", f"l{number}") is None
            put(transaction, f"l{number}", token("x"))
    assert inserted == [100]
    assert len(search(store, has_code("x"), count=200)) == 100


def test_what_was_put_is_there_for_what_follows(store: RelationalStore) -> None:
    with store.write() as transaction:
        put(transaction, "a", token("x"))
        assert transaction.read(R, "Library", "a") == version("a")
        put(transaction, "b", token("x"))
        assert search(transaction, has_code("x")) == ["a", "b"]  # type: ignore[arg-type]
        put(transaction, "c", token("x"))
        assert transaction.vread(R, "Library", "c", 1) == version("c")
        put(transaction, "d")
        assert len(transaction.history(R, HistoryScope(type_name="Library", count=10)).versions) == 4


def test_one_resource_may_be_put_twice(store: RelationalStore) -> None:
    with store.write() as transaction:
        put(transaction, "a", token("x"))
        put(transaction, "a", token("y"), version_id=2)
    assert search(store, has_code("x")) == []
    assert search(store, has_code("y")) == ["a"]
    assert store.vread(R, "Library", "a", 1) == version("a", 1)
    assert store.read(R, "Library", "a") == version("a", 2)


def test_what_is_undone_leaves_nothing_and_no_numbers(store: RelationalStore) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as transaction:
        put(transaction, "a", token("x", parameter="never-seen"))
        transaction.flush()
        raise ZeroDivisionError
    assert store.read(R, "Library", "a") is None
    with store.write() as transaction:
        put(transaction, "b", token("x", parameter="never-seen"))
    assert search(store, has_code("x", "never-seen")) == ["b"]


@pytest.mark.parametrize(
    "text", ["", "NULL", "{a,b}", 'a "quoted" one', "back\\slash\\", "line\nbreak", " é😀\t", "%s $1 ?"]
)
def test_any_text_is_kept_as_it_is(store: RelationalStore, text: str) -> None:
    rows = [("string", "name", 0, ("folded", 1, "", text), None), token(text)]
    with store.write() as transaction:
        transaction.put(R, version("a", body=b"x" + text.encode()), rows)
    assert store.rows("SELECT value FROM index_string") == [(text,)]
    assert store.rows("SELECT code FROM index_token") == [(text,)]
    assert store.read(R, "Library", "a") == version("a", body=b"x" + text.encode())


def test_any_number_is_kept_as_it_is(store: RelationalStore) -> None:
    numbers = [float("-inf"), -1.5e308, 5e-324, 0.1 + 0.2, float("inf")]
    with store.write() as transaction:
        put(transaction, "a", *(("number", "n", 0, (number, number), None) for number in numbers))
    assert store.rows("SELECT low FROM index_number ORDER BY low") == [(number,) for number in numbers]


def test_a_first_version_asks_for_nothing(store: RelationalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that the server has just made up need not be looked for, a round trip for each of a Bundle."""
    looked: list[str] = []
    monkeypatch.setattr(Transaction, "read", lambda *name: looked.append(name[-1]))
    with store.write() as transaction:
        put(transaction, "a", token("x"))
    assert looked == []
    assert search(store, has_code("x")) == ["a"]


def test_a_first_version_under_an_id_that_is_taken_is_refused(store: RelationalStore) -> None:
    with store.write() as transaction:
        put(transaction, "a", token("x"))
    with pytest.raises(Contended), store.write() as transaction:
        put(transaction, "a", token("y"))
    assert search(store, has_code("x")) == ["a"]
    assert search(store, has_code("y")) == []
