"""Writing: what happens inside one transaction, and only there.

Statements that do not depend on what is written are written once, below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fhir_service.search.index import IndexRow
from fhir_service.search.param_types import PARAM_TYPES
from fhir_service.store import contained
from fhir_service.store.contract import Owner, StoredVersion
from fhir_service.store.database import DEFINITIONS, Database
from fhir_service.store.reading import Reading
from fhir_service.store.sql import READ, Sql


class Transaction(Reading):
    """Reads and writes inside one transaction; what is read includes what it wrote."""

    def __init__(self, connection: Any, database: Database) -> None:
        super().__init__()
        self._connection = connection
        self._database = database
        self._types: dict[tuple[str, str], int] = {}
        self._parameters: dict[tuple[str, str], dict[str, int]] = {}

    def execute(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        cursor = self._connection.execute(self._database.statement(text), self._database.values(values))
        return cursor.fetchall() if cursor.description else []

    def _rows(self, statement: Sql) -> list[tuple[Any, ...]]:
        return self.execute(statement.text, statement.values)

    def change_token(self) -> None:
        return None

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """This transaction: what is written joins it, and is committed with it."""
        yield self

    def execute_many(self, text: str, values: Sequence[Sequence[Any]]) -> None:
        if values:
            self._connection.cursor().executemany(self._database.statement(text), values)

    @property
    def insert_text(self) -> str:
        """The statement that keeps a resource's full text: (serial, narrative, content)."""
        text = self._database.TEXT
        return f"INSERT INTO full_text (rowid, narrative, content) VALUES (?, {text}, {text})"

    def append(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert many rows that are known to be new, in the fastest way the database has."""
        if rows:
            self._database.append(self._connection, table, columns, rows)

    def secondary_indexes(self, table: str) -> dict[str, str]:
        """The indexes of a table that can be dropped, each with the statement that makes it."""
        return self._database.secondary_indexes(self._connection, table)

    def expect_much(self) -> None:
        """Make this transaction one that may sort whole tables; memory stays bounded."""
        self._database.expect_much(self._connection)

    @property
    def for_update(self) -> str:
        """What makes a SELECT lock its rows until the end of the transaction."""
        return self._database.FOR_UPDATE

    def reserve(self, table: str, count: int) -> list[int]:
        """Numbers for so many new rows of `resource` or `version`, which no other writer gets."""
        return self._database.reserve(self._connection, table, count)

    def lock(self, *names: str) -> None:
        """Always in the same order, so that two writers do not wait for each other."""
        for name in sorted(names):
            self._database.lock(self._connection, name)

    def read(self, release: str, type_name: str, logical_id: str) -> StoredVersion | None:
        """The current version, locked against other writers until the end of the transaction."""
        key = (self.type_number(release, type_name), logical_id)
        if self._database.FOR_UPDATE:
            # Two statements: one that waited for a lock would join with versions from before the wait.
            found = "SELECT serial FROM resource WHERE type = ? AND logical_id = ?"
            self.execute(found + self._database.FOR_UPDATE, key)
        rows = self.execute(READ, key)
        return StoredVersion(type_name, logical_id, *rows[0]) if rows else None

    def owner(self, release: str, type_name: str, logical_id: str) -> Owner | None:
        """The package that owns the resource, if one does."""
        rows = self.execute(
            "SELECT p.canonical, p.version FROM loaded_resource AS l JOIN load AS p ON p.number = l.load"
            " JOIN resource AS r ON r.serial = l.resource WHERE r.type = ? AND r.logical_id = ?",
            (self.type_number(release, type_name), logical_id),
        )
        return Owner(*rows[0]) if rows else None

    def put(self, release: str, version: StoredVersion, rows: Iterable[IndexRow]) -> int:
        """Make this the current version; returns the number of its resource row."""
        type_number = self.type_number(release, version.type_name)
        found = self.execute(
            "SELECT serial FROM resource WHERE type = ? AND logical_id = ?", (type_number, version.logical_id)
        )
        if found:
            resource: int = found[0][0]
            self._delete_index_rows(resource)
        else:
            resource = self.execute(
                "INSERT INTO resource (type, logical_id, current_version, last_updated, is_deleted)"
                " VALUES (?, ?, 0, ?, ?) RETURNING serial",
                (type_number, version.logical_id, version.last_updated, version.is_deleted),
            )[0][0]
        current_version = self.execute(
            "INSERT INTO version (type, resource, version_id, last_updated, method, body)"
            " VALUES (?, ?, ?, ?, ?, ?) RETURNING serial",
            (
                type_number,
                resource,
                version.version_id,
                version.last_updated,
                "DELETE" if version.is_deleted else version.method,
                version.body,
            ),
        )[0][0]
        self.execute(
            "UPDATE resource SET current_version = ?, last_updated = ?, is_deleted = ? WHERE serial = ?",
            (current_version, version.last_updated, version.is_deleted, resource),
        )
        self._insert_index_rows(release, version.type_name, resource, rows)
        if version.type_name == "SearchParameter":
            self.note_definitions()
        return resource

    def note_definitions(self) -> None:
        """Let every process know that SearchParameter resources changed, before anything else is written."""
        self.lock(DEFINITIONS)
        self.set_property(DEFINITIONS, str(int(self.property(DEFINITIONS) or 0) + 1))

    def register(self, release: str, type_name: str, code: str, url: str) -> int:
        """The number of a search parameter, given to it when it is first seen."""
        known = self._parameters.get((release, type_name))
        if known is None:
            known = self._parameters[release, type_name] = dict(
                self.execute(
                    "SELECT code, number FROM search_parameter WHERE release = ? AND type = ?",
                    (release, type_name),
                )
            )
        if code not in known:
            key = (release, type_name, code)
            self.execute(
                "INSERT INTO search_parameter (release, type, code, url, state) VALUES (?, ?, ?, ?, 'ready')"
                " ON CONFLICT DO NOTHING",
                (*key, url),
            )
            known[code] = self.execute(
                "SELECT number FROM search_parameter WHERE release = ? AND type = ? AND code = ?", key
            )[0][0]
        return known[code]

    def type_number(self, release: str, type_name: str) -> int:
        key = (release, type_name)
        if key not in self._types:
            # Looked for first: even an insert that does nothing uses up a number on PostgreSQL.
            find = "SELECT number FROM type WHERE release = ? AND name = ?"
            found = self.execute(find, key)
            if not found:
                self.execute("INSERT INTO type (release, name) VALUES (?, ?) ON CONFLICT DO NOTHING", key)
                found = self.execute(find, key)
            self._types[key] = found[0][0]
        return self._types[key]

    def replace_index_rows(
        self, release: str, type_name: str, resource: int, rows: Iterable[IndexRow]
    ) -> None:
        self._delete_index_rows(resource)
        self._insert_index_rows(release, type_name, resource, rows)

    def reindex(self, release: str, type_name: str, rows_of: Callable[[bytes], Iterable[IndexRow]]) -> int:
        """Write the index rows of every current resource of a type anew; returns how many there are."""
        found = self.execute(
            "SELECT r.serial, v.body FROM resource AS r JOIN version AS v ON v.serial = r.current_version"
            " WHERE r.type = ? AND r.is_deleted = ?",
            (self.type_number(release, type_name), False),
        )
        for resource, body in found:
            self.replace_index_rows(release, type_name, resource, rows_of(body))
        return len(found)

    def types(self) -> list[tuple[str, str]]:
        """(release, type) of everything that was ever written."""
        named = f"SELECT release, name FROM type WHERE number NOT IN ({contained.TYPES}) ORDER BY number"
        return [(row[0], row[1]) for row in self.execute(named)]

    def property(self, name: str) -> str | None:
        rows = self.execute("SELECT value FROM property WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def set_property(self, name: str, value: str) -> None:
        self.execute(
            "INSERT INTO property (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )

    def _delete_index_rows(self, resource: int) -> None:
        contained.forget(self, resource)
        self.delete_rows(resource)

    def delete_rows(self, resource: int) -> None:
        """Those of one row of `resource`, whether a resource of its own or a contained one."""
        for kind in PARAM_TYPES:
            self.execute(f"DELETE FROM index_{kind} WHERE resource = ?", (resource,))
        self.execute("DELETE FROM full_text WHERE rowid = ?", (resource,))

    def _insert_index_rows(
        self, release: str, type_name: str, resource: int, rows: Iterable[IndexRow]
    ) -> None:
        every = list(rows)
        self.insert_rows(release, type_name, resource, (row for row in every if row.held is None))
        contained.keep(self, release, resource, every)

    def insert_rows(self, release: str, type_name: str, resource: int, rows: Iterable[IndexRow]) -> None:
        """Those of one row of `resource`, whose type that is."""
        by_table: dict[str, list[tuple[Any, ...]]] = {}
        for row in rows:
            if row.table == "text":
                self.execute(self.insert_text, (resource, *row.columns))
                continue
            parameter = self.register(release, type_name, row.parameter, "")
            by_table.setdefault(row.table, []).append((parameter, resource, row.element, *row.columns))
        for kind, values in by_table.items():
            self.execute_many(INSERTS[kind], values)


def index_columns(kind: str) -> tuple[str, ...]:
    """The columns of an index table, in the order of the rows that are written here."""
    return ("parameter", "resource", "element", *PARAM_TYPES[kind].COLUMNS)


def _insert(kind: str) -> str:
    columns = index_columns(kind)
    return (
        f"INSERT INTO index_{kind} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        " ON CONFLICT DO NOTHING"
    )


INSERTS = {kind: _insert(kind) for kind in PARAM_TYPES}
