"""The look at whether anything has changed: own writes at once, those of others in time, in every thread."""

from __future__ import annotations

import gc
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fhir_service.store import open_store
from fhir_service.store.contract import StoredVersion
from fhir_service.store.relational import RelationalStore


def write(store: RelationalStore, number: int) -> None:
    body = b'{"resourceType":"Library","id":"a"}'
    with store.write() as transaction:
        transaction.put("r4", StoredVersion("Library", "a", number, number, body), ())


def test_nothing_changes_while_nothing_is_written(store: RelationalStore) -> None:
    tokens = {str(store.watch()) for _ in range(3)}
    with ThreadPoolExecutor(2) as pool:
        tokens |= {str(token) for token in pool.map(lambda _: store.watch(), range(4))}
    assert len(tokens) == 1


def test_an_own_commit_is_seen_at_once_in_every_thread(store: RelationalStore) -> None:
    seen = [store.watch()]
    with ThreadPoolExecutor(1) as another:
        for number in range(1, 4):
            write(store, number)
            assert another.submit(store.watch).result() not in seen
            seen.append(store.watch())


def test_what_is_known_without_asking_is_never_older_than_an_own_commit(store: RelationalStore) -> None:
    for number in range(1, 4):
        before = store.watch()
        assert store.watched() in (before, None)
        write(store, number)
        assert store.watched() != before


def test_a_commit_of_another_instance_is_seen_within_the_promised_time(
    store: RelationalStore, database_url: str
) -> None:
    other = open_store(database_url)
    try:
        before = store.watch()
        write(other, 1)
        time.sleep(store.database.TOKEN_AGE)
        assert store.watch() != before
    finally:
        other.close()


def test_sqlite_is_watched_from_memory_and_keeps_its_locks(tmp_path: Path) -> None:
    """Another store over the same file, opened and closed, must not take the locks of a reader away."""
    url = f"sqlite:///{tmp_path}/a.sqlite"
    store = open_store(url)
    store.create_tables()
    store.watch()
    connection = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    connection.execute("BEGIN")
    seen = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    before = store.watch()
    assert isinstance(before, bytes)
    other = open_store(url)
    assert other.watch() == before
    other.close()
    gc.collect()
    write(store, 1)
    assert store.watch() != before
    # A reader that has lost its locks would not hold up the checkpoint of another process.
    checkpoint = (
        "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], timeout=0);"
        "print(connection.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()[0])"
    )
    command = [sys.executable, "-c", checkpoint, str(tmp_path / "a.sqlite")]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "1\n"
    assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == seen
    connection.close()
    store.close()
