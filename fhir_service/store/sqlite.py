"""SQLite: embedded, write-ahead log, one writer at a time.

https://sqlite.org/wal.html and https://sqlite.org/pragma.html#pragma_data_version
"""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, NullPool, create_engine

from fhir_service.errors import Contended, ServiceError, Unavailable
from fhir_service.search.predicates import TextMatch
from fhir_service.store import contained
from fhir_service.store.checkpoints import checkpointing
from fhir_service.store.database import CONTENDED, Rows, Statement
from fhir_service.store.schema import INDEX_TABLES, MOVED, NEEDED_ONCE, WRITTEN
from fhir_service.store.sql import CURRENT_VERSION, NEWEST_VERSION, TRIGRAM, VOCABULARY, Within
from fhir_service.store.wal_index import header_reader

_TAKEN = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
BUSY_TIMEOUT_SECONDS = 30.0
_TURN_MILLISECONDS = 20  # in which SQLite asks after 1, 2, 5 and 10 of them
_CACHE_KIB = 8_192  # of each connection; what is not in it, the system has in memory
_SORTING_CACHE_KIB = 65_536
_LONG_LOG_PAGES = 65_536  # 256 MB
_SORTING_THREADS = 1  # beside the one that reads and writes; each takes as much memory as the cache

# NORMAL loses nothing on a crash of the process; after a power cut the newest commits may be missing, never
# half of one.
_PRAGMAS = (
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    # 32 MiB: pages that many transactions change are copied from the log once for all of them.
    "PRAGMA wal_autocheckpoint = 8000",
    f"PRAGMA cache_size = -{_CACHE_KIB}",
    # Mapped, each page that was ever looked at would count as memory of every worker.
    "PRAGMA mmap_size = 0",
)


def _insert(table: str, columns: Sequence[str]) -> str:
    if table == MOVED:
        changes = ", ".join(f"{column} = ?{n}" for n, column in enumerate(columns[1:], 2))
        return f"UPDATE resource SET {changes} WHERE serial = ?1"
    kept = " ON CONFLICT DO NOTHING" if table in NEEDED_ONCE else ""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}){kept}"


_INSERTS = {table: _insert(table, columns) for table, columns in WRITTEN.items()}
_LAST = (
    "SELECT coalesce((SELECT max(serial) FROM resource), 0), coalesce((SELECT max(serial) FROM version), 0)"
)
_DELETES = (
    *(f"DELETE FROM {table.name} WHERE resource = ?" for table in INDEX_TABLES.values()),
    "DELETE FROM full_text WHERE rowid = ?",
)


def _set_up_text(**options: int) -> tuple[str, ...]:
    """https://sqlite.org/fts5.html#the_automerge_configuration_option

    The words of a transaction stay in memory up to its end, or to `hashsize` bytes, and become a segment;
    `automerge` segments become one, sooner or later every word of them. With many, a crisis merge would hold
    up the first writers after that: there are 16 on one level, then, and on the next.
    """
    setting = "INSERT INTO full_text (full_text, rank) VALUES ('{}', {})"
    return tuple(setting.format(*option) for option in options.items())


class SqliteDatabase:
    FOR_UPDATE = ""  # there is one writer at a time
    TEXT = ("a.narrative", "a.content")
    TEXT_FILLING: tuple[Sequence[str], Sequence[str]] = (
        _set_up_text(hashsize=1 << 24, automerge=8),
        _set_up_text(hashsize=1 << 20, automerge=4),
    )
    TOKEN_AGE = 0.0
    FILLS_TEXT_LAST = False  # FTS5 sorts by itself, while other processes prepare the next batch

    def __init__(self, url: URL) -> None:
        if not url.database or url.database == ":memory:":
            raise ValueError("SQLite in memory is not shared between connections: name a file")
        self.path = Path(url.database)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.engine: Engine = create_engine(url, poolclass=NullPool)

    def connect(self, *, searches: bool = False) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path,
            timeout=BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # a connection is closed by whichever thread closes the store
            cached_statements=512,
        )
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            self._write_ahead(connection)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        """Give the file its log, once for good.

        Alone: one that meets another doing it, or making the tables, is refused by SQLite without waiting.
        """
        with self.exclusive("migration"):
            connection.execute("PRAGMA journal_mode = WAL")

    def rows(self, connection: sqlite3.Connection, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        asked = [_match(value) if isinstance(value, (TextMatch, Within)) else value for value in values]
        return connection.execute(written(text), asked).fetchall()

    def begin(self, connection: sqlite3.Connection, statement: Statement) -> Rows:
        _take_turn(connection)
        return self.ask(connection, statement)[0]

    def commit(self, connection: sqlite3.Connection) -> None:
        connection.execute("COMMIT")

    def rollback(self, connection: sqlite3.Connection) -> None:
        connection.rollback()  # nothing, where a failure has ended the transaction already

    def ask(self, connection: sqlite3.Connection, *statements: Statement) -> list[Rows]:
        return [connection.execute(text, values).fetchall() for text, values in statements]

    def lock(self, connection: sqlite3.Connection, name: str) -> None:
        pass  # whoever writes holds the one lock there is

    def reserve(
        self, connection: sqlite3.Connection, resources: int, versions: int
    ) -> tuple[list[int], list[int]]:
        # The transaction holds the write lock, so nobody else numbers rows until it ends.
        resource, version = connection.execute(_LAST).fetchone()
        return (
            [*range(resource + 1, resource + 1 + resources)],
            [*range(version + 1, version + 1 + versions)],
        )

    def insert(self, connection: sqlite3.Connection, rows: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        for table, statement in _INSERTS.items():
            if table in rows:
                connection.executemany(statement, rows[table])

    def delete_rows(self, connection: sqlite3.Connection, resources: Sequence[int]) -> None:
        marks = ", ".join("?" * len(resources))
        found = connection.execute(f"{contained.WITHIN} WHERE c.serial IN ({marks})", resources)
        held = [(row[0],) for row in found]
        for statement in _DELETES:
            connection.executemany(statement, [*((serial,) for serial in resources), *held])
        connection.executemany("DELETE FROM resource WHERE serial = ?", held)

    def append(
        self,
        connection: sqlite3.Connection,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        resources: Sequence[int] = (),
    ) -> None:
        # The numbers follow one another.
        first = f"? + {resources[0]}" if resources else "?"
        marks = ", ".join((first, *"?" * (len(columns) - 1)))
        connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    def secondary_indexes(self, connection: sqlite3.Connection, table: str) -> dict[str, str]:
        found = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
            (table,),
        )
        return dict(found.fetchall())

    def expect_much(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA cache_size = -{_SORTING_CACHE_KIB}")
        connection.execute(f"PRAGMA threads = {_SORTING_THREADS}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_LONG_LOG_PAGES}")
        # Debian's SQLite writes zeros over what is dropped; what is aside is in the index when it goes.
        connection.execute("PRAGMA secure_delete = OFF")

    def checkpointing(self) -> AbstractContextManager[None]:
        return checkpointing(self.connect)

    def defer_flush(self, connection: sqlite3.Connection) -> None:
        pass  # no commit waits for the disk, only a checkpoint does

    def tidy(self, connection: sqlite3.Connection) -> None:
        # The log has grown to the size of the largest index; it would stay so.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def refusal(self, error: Exception) -> ServiceError | None:
        if isinstance(error, sqlite3.IntegrityError) and error.sqlite_errorcode in _TAKEN:
            return Contended(CONTENDED)
        if _is_busy(error):
            return Unavailable("The database is busy with another writer; try again later.")
        return None

    def change_token(self, connection: sqlite3.Connection) -> object:
        return connection.execute("PRAGMA data_version").fetchone()[0]

    def change_reader(self, connection: sqlite3.Connection) -> Callable[[], object] | None:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # makes the index, and keeps it
        return header_reader(self.path)

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        with open(self.path.with_name(f"{self.path.name}.{name}.lock"), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def is_broken(self, connection: sqlite3.Connection) -> bool:
        return False  # a file does not hang up

    def errors(self) -> tuple[type[Exception], ...]:
        return (sqlite3.OperationalError,)


def _take_turn(connection: sqlite3.Connection) -> None:
    """Begin, as soon as no other writer is there.

    IMMEDIATE takes the write lock at once: a transaction that read first could not be upgraded safely. SQLite
    itself asks for the lock less and less often, in the end ten times a second: it stands free meanwhile, and
    who has waited long loses it to who has just come.
    """
    end = time.monotonic() + BUSY_TIMEOUT_SECONDS
    connection.execute(f"PRAGMA busy_timeout = {_TURN_MILLISECONDS}")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > end:
                    raise
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000:.0f}")


def _is_busy(error: Exception) -> bool:
    code = error.sqlite_errorcode & 0xFF if isinstance(error, sqlite3.OperationalError) else None
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def written(text: str) -> str:
    """The statement with this database's ways to newest versions, to trigrams and to all words."""
    # Two seeks by number, where the index of versions would lead to a number as well.
    text = text.replace(NEWEST_VERSION, CURRENT_VERSION).replace(VOCABULARY, _VOCABULARY)
    return text.replace(".content MATCH ?", ".full_text MATCH ?")


# The trigrams first: so the walk ends with as many entries as are asked for.
_VOCABULARY = (
    "vocabulary_text AS t CROSS JOIN vocabulary AS v ON v.number = t.rowid WHERE vocabulary_text MATCH ?"
)


def _match(text: TextMatch | Within) -> str:
    """https://sqlite.org/fts5.html#full_text_query_syntax"""
    if isinstance(text, Within):
        pieces = {text.text[start : start + TRIGRAM] for start in range(len(text.text) - TRIGRAM + 1)}
        return " AND ".join('"' + piece.replace('"', '""') + '"' for piece in sorted(pieces))
    groups = (" AND ".join(f'"{" ".join(phrase)}"' for phrase in group) for group in text.groups)
    return " OR ".join(f"({group})" for group in groups)
