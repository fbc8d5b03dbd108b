"""SQLite's one writer at a time: who comes meanwhile waits, but not for ever."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from fhir_service.errors import Unavailable
from fhir_service.store import open_store
from fhir_service.store.connections import WRITER, Connections
from fhir_service.store.parameters import STATE
from fhir_service.store.relational import RelationalStore


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[RelationalStore]:
    store = open_store(f"sqlite:///{tmp_path / 'a.sqlite'}")
    store.create_tables()
    yield store
    store.close()


def write(store: RelationalStore) -> str:
    with store.write():
        return "written"


def test_a_second_writer_waits_for_the_first(sqlite: RelationalStore) -> None:
    with ThreadPoolExecutor() as pool:
        with sqlite.write():
            second = pool.submit(write, sqlite)
            assert not wait([second], 0.2).done
        assert second.result(10) == "written"


def test_a_writer_that_never_ends_is_not_waited_for(
    sqlite: RelationalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fhir_service.store.sqlite.BUSY_TIMEOUT_SECONDS", 0.05)

    def write_once() -> None:
        with pytest.raises(Unavailable, match="busy with another writer"):
            write(sqlite)

    with ThreadPoolExecutor() as pool, sqlite.write():
        pool.submit(write_once).result(10)


def test_whatever_else_a_writer_does_waits_as_long_as_ever(sqlite: RelationalStore) -> None:
    own = Connections(sqlite.database)
    before = own.get(WRITER).execute("PRAGMA busy_timeout").fetchone()
    sqlite.database.begin(own.get(WRITER), STATE)
    assert own.get(WRITER).execute("PRAGMA busy_timeout").fetchone() == before == (30_000,)
    own.close()
