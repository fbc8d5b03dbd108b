"""The header of the WAL index, read from memory: the right file, and no commit of any process is missed."""

from __future__ import annotations

import multiprocessing
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

from fhir_service.store import open_store
from fhir_service.store.relational import RelationalStore
from fhir_service.store.wal_index import header_reader

COMMITS = 400  # of each writer
WRITERS, READERS, THREADS = 2, 2, 2
_PROCESSES = multiprocessing.get_context("spawn")
# In each process: the newest number that was told, and whether all is over.
_told: Synchronized[int]
_over: Event


def test_no_commit_of_another_process_is_missed(tmp_path: Path) -> None:
    """Readers keep an answer as the response cache does; never one older than a commit that was told."""
    path = tmp_path / "a.sqlite"
    prepare(path)
    told: Synchronized[int] = _PROCESSES.Value("q", 0)
    over = _PROCESSES.Event()
    with _PROCESSES.Pool(READERS + WRITERS + 1, start, (told, over)) as pool:
        readers = [pool.apply_async(read, (path,)) for _ in range(READERS)]
        checkpoints = pool.apply_async(checkpoint, (path,))
        writers = [pool.apply_async(write, (path,)) for _ in range(WRITERS)]
        try:
            for writer in writers:
                writer.get(120)
        finally:
            over.set()
        looked = [reader.get(60) for reader in readers]
        checkpoints.get(60)
    assert told.value == WRITERS * COMMITS
    assert all(kept > 0 and asked > 0 for kept, asked in looked), "answers were kept and thrown away"


def prepare(path: Path) -> None:
    open_store(f"sqlite:///{path}").create_tables()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE counted (number INTEGER)")
        connection.execute("INSERT INTO counted VALUES (0)")
        connection.commit()


def start(told: Synchronized[int], over: Event) -> None:
    global _told, _over
    _told, _over = told, over


def write(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
        for _ in range(COMMITS):
            connection.execute("BEGIN IMMEDIATE")
            (number,) = connection.execute(
                "UPDATE counted SET number = number + 1 RETURNING number"
            ).fetchone()
            connection.execute("COMMIT")
            with _told.get_lock():
                _told.value = max(_told.value, number)


def checkpoint(path: Path) -> None:
    """Begin the log anew, again and again; not waiting long for readers, for meanwhile nobody could write."""
    with closing(sqlite3.connect(path, timeout=0.1, isolation_level=None)) as connection:
        while not _over.wait(0.01):
            with suppress(sqlite3.OperationalError):  # somebody is at it
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def read(path: Path) -> tuple[int, int]:
    store = open_store(f"sqlite:///{path}")
    assert isinstance(store.watch(), bytes), "it is read from memory"
    with ThreadPoolExecutor(THREADS) as pool:
        looked = list(pool.map(look, [store] * THREADS))
    store.close()
    return sum(kept for kept, _ in looked), sum(asked for _, asked in looked)


def look(store: RelationalStore) -> tuple[int, int]:
    """How often the kept answer was given, and how often it was asked for anew."""
    kept, asked, entry = 0, 0, (object(), 0)
    while not (_over.is_set() and kept):
        least = _told.value
        token = store.watch()
        if entry[0] == token:
            kept += 1
        else:
            entry = token, store.rows("SELECT number FROM counted")[0][0]
            asked += 1
        assert entry[1] >= least
    return kept, asked


def test_a_database_without_a_wal_index_is_asked(tmp_path: Path) -> None:
    assert header_reader(tmp_path / "none.sqlite") is None
    (tmp_path / "odd.sqlite-shm").write_bytes(bytes(32_768))
    assert header_reader(tmp_path / "odd.sqlite") is None


def test_a_linked_database_is_watched_where_it_is(tmp_path: Path) -> None:
    """SQLite keeps the index beside the file; one that was left beside the link would never change."""
    (tmp_path / "data").mkdir()
    real, link = tmp_path / "data/a.sqlite", tmp_path / "b.sqlite"
    left = sqlite3.connect(link)
    left.execute("PRAGMA journal_mode = WAL")
    left.execute("CREATE TABLE left_over (a)")
    link.unlink()
    link.symlink_to(real)
    store = open_store(f"sqlite:///{link}")
    store.create_tables()
    before = store.watch()
    with closing(sqlite3.connect(real)) as connection:
        connection.execute("CREATE TABLE other (a)")
    assert store.watch() != before
    store.close()
    left.close()
