import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import make_url, text

from fhir_service.store import DATABASES, open_store, sql
from fhir_service.store.contract import StoredVersion
from fhir_service.store.migration import MigrationError, current, migrate, newest, revisions
from fhir_service.store.relational import RelationalStore
from fhir_service.store.schema import metadata
from fhir_service.store.sqlite import SqliteDatabase
from tests.store_fixtures import empty_database


@pytest.fixture(params=DATABASES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RelationalStore]:
    opened = open_store(empty_database(request, request.param, tmp_path))
    yield opened
    opened.close()


def is_described(thing: object, name: str | None, kind: str, *rest: object) -> bool:
    """Full text and trigrams are of each database's own kind, which schema.py cannot describe."""
    return not (name or "").startswith(("full_text", "vocabulary_text"))


def test_an_empty_database_gets_the_schema_of_this_version(empty: RelationalStore) -> None:
    assert current(empty.database) is None
    assert migrate(empty.database) is True
    assert current(empty.database) == newest()
    with empty.database.engine.connect() as connection:
        # Types are compared by the dialects' names for them, so collations and doubles are seen too.
        opts = {"compare_type": True, "include_object": is_described}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, metadata) == []


def test_a_database_that_is_up_to_date_is_left_alone(empty: RelationalStore) -> None:
    migrate(empty.database)
    assert migrate(empty.database) is False


def test_a_database_of_a_newer_version_is_refused(empty: RelationalStore) -> None:
    migrate(empty.database)
    with empty.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MigrationError, match="revision 9999, made by a newer version"):
        migrate(empty.database)


def test_a_database_of_something_else_is_refused(empty: RelationalStore) -> None:
    with empty.database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE customer (name TEXT)"))
    with pytest.raises(MigrationError, match="not of this service"):
        migrate(empty.database)


def test_a_migration_that_fails_leaves_nothing(
    empty: RelationalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic.operations import Operations

    def fail(*arguments: object, **named: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Operations, "create_index", fail)
    with pytest.raises(RuntimeError):
        migrate(empty.database)
    assert current(empty.database) is None
    monkeypatch.undo()
    assert migrate(empty.database) is True


def test_who_connects_while_the_tables_are_made_waits(tmp_path: Path) -> None:
    """As the workers of a first start do: a refusal would be a request that failed."""
    database = SqliteDatabase(make_url(f"sqlite:///{tmp_path / 'a.sqlite'}"))
    is_asking = threading.Event()

    def journal_mode() -> str:
        is_asking.set()
        with closing(database.connect()) as connection:
            mode: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
            return mode

    with ThreadPoolExecutor() as pool:
        with database.exclusive("migration"), database.engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql("CREATE TABLE made (number INTEGER)")
            asked = [pool.submit(journal_mode) for _ in range(4)]
            is_asking.wait()
            assert not wait(asked, 0.2).done
        assert [one.result() for one in asked] == ["wal"] * 4


def test_revisions_are_numbered_without_gaps() -> None:
    assert revisions() == [f"{number:04d}" for number in range(1, len(revisions()) + 1)]


def test_the_vocabulary_is_made_of_what_is_indexed(empty: RelationalStore) -> None:
    migrate(empty.database)
    with empty.write() as transaction:
        for code in ("title", "title:text"):
            number = transaction.parameter_number("r4", "Library", code)
            transaction.execute(
                "INSERT INTO index_string"
                " (parameter, folded, resource, value_hash, element, folded_rest, value)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (number, "ivig treatment", 1, 2, 0, "the rest", "IVIG Treatment"),
            )
    _undo_vocabulary(empty)
    assert migrate(empty.database) is True
    found = empty.rows(
        "SELECT p.code, v.key, v.text FROM vocabulary AS v JOIN search_parameter AS p"
        " ON p.number = v.parameter ORDER BY v.number"
    )
    assert found == [("title", "ivig treatment", "ivig treatment"), ("title", "ivig treatment", "the rest")]
    with_it = sql.keys_with("treat", number - 1, 10)
    assert empty.rows(with_it.text, *with_it.values) == [("ivig treatment",)]


def test_versions_get_the_ids_of_their_resources(empty: RelationalStore) -> None:
    migrate(empty.database)
    with empty.write() as transaction:
        for logical_id, version_id in (("a", 1), ("b", 1), ("a", 2)):
            transaction.put("r4", StoredVersion("Library", logical_id, version_id, 0, b"{}"), ())
            transaction.flush()
    written = empty.rows("SELECT version_id, logical_id FROM version ORDER BY serial")
    _undo_ids(empty)
    assert migrate(empty.database) is True
    assert empty.rows("SELECT version_id, logical_id FROM version ORDER BY serial") == written
    assert written == [(1, "a"), (1, "b"), (2, "a")]


def _undo_ids(store: RelationalStore) -> None:
    with store.write() as transaction:
        transaction.execute("ALTER TABLE version DROP COLUMN logical_id")
        transaction.execute("UPDATE alembic_version SET version_num = '0002'")


def _undo_vocabulary(store: RelationalStore) -> None:
    _undo_ids(store)
    of_postgresql = ("DROP TABLE vocabulary", "DROP STATISTICS index_token_codes")
    of_sqlite = ("DROP TABLE vocabulary", "DROP TABLE vocabulary_text")
    is_sqlite = store.database.engine.name == "sqlite"
    with store.write() as transaction:
        for statement in of_sqlite if is_sqlite else of_postgresql:
            transaction.execute(statement)
        transaction.execute("UPDATE alembic_version SET version_num = '0001'")


def test_without_trigrams_every_value_is_read(
    request: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As a user who may not make extensions, in a database that has none."""
    store = open_store(empty_database(request, "postgresql", tmp_path))
    with store.database.connect() as connection:
        connection.execute("DROP EXTENSION IF EXISTS pg_trgm")
        connection.execute("CREATE ROLE plain LOGIN")
        connection.execute("GRANT ALL ON SCHEMA public TO plain")
    url = store.database.engine.url.set(drivername="postgresql", username="plain")
    plain = open_store(url.render_as_string(hide_password=False))
    migrate(plain.database)
    assert "gives no trigrams" in caplog.text and "permission denied" in caplog.text
    with_it = sql.keys_with("treat", 1, 10)
    assert plain.rows(with_it.text, *with_it.values) == []
    plain.close()
