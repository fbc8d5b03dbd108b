"""What a load leaves in the log comes to where it stays beside it; nothing waits for the disk twice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from fhir_service.store import checkpoints, open_store
from fhir_service.store.relational import RelationalStore

PATIENCE_SECONDS = 30
WAITS = {
    "sqlite": ("PRAGMA synchronous", 1, 1),  # NORMAL: only a checkpoint waits
    "postgresql": ("SHOW synchronous_commit", "on", "off"),
}


def test_the_file_grows_while_the_writer_never_makes_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_EVERY_SECONDS", 0.01)
    path = tmp_path / "a.sqlite"
    store = open_store(f"sqlite:///{path}")
    store.create_tables()
    with store.database.checkpointing():
        with store.write() as transaction:
            transaction.expect_much()
            transaction.execute("CREATE TABLE much (body BLOB)")
            transaction.execute("INSERT INTO much VALUES (zeroblob(8000000))")
        until = time.monotonic() + PATIENCE_SECONDS
        while path.stat().st_size < 8_000_000 and time.monotonic() < until:
            time.sleep(0.01)
        assert path.stat().st_size > 8_000_000
    store.tidy()
    assert path.with_name("a.sqlite-wal").stat().st_size == 0
    store.close()


def test_the_checkpoints_end_with_the_load_even_if_it_fails() -> None:
    class Connection:
        is_closed = False

        def close(self) -> None:
            time.sleep(0.1)
            self.is_closed = True

    connection: Any = Connection()
    with pytest.raises(LookupError), checkpoints.checkpointing(lambda: connection):
        raise LookupError
    assert connection.is_closed


def test_a_commit_that_need_not_wait_for_the_disk_is_followed_by_one_that_does(
    store: RelationalStore,
) -> None:
    asked, waits, does_not = WAITS[store.database.engine.name]
    with store.write() as transaction:
        transaction.defer_flush()
        assert transaction.execute(asked) == [(does_not,)]
    with store.write() as transaction:
        assert transaction.execute(asked) == [(waits,)]
