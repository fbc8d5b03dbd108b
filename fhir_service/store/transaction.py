"""Writing: what happens inside one transaction, and only there.

Statements that do not depend on what is written are written once, below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from fhir_service.search.index import IndexRow
from fhir_service.store import contained, writing
from fhir_service.store.contract import Owner, StoredVersion
from fhir_service.store.database import DEFINITIONS, Database
from fhir_service.store.numbers import Key, Numbers
from fhir_service.store.reading import Reading
from fhir_service.store.sql import Sql
from fhir_service.store.writing import Placed, Put

_SERIAL = "SELECT serial FROM resource WHERE type = ? AND logical_id = ?"
_READ_OWNED = (
    "SELECT r.serial, v.version_id, v.last_updated, v.body, p.canonical, p.version FROM resource AS r"
    " JOIN version AS v ON v.serial = r.current_version"
    " LEFT JOIN loaded_resource AS l ON l.resource = r.serial LEFT JOIN load AS p ON p.number = l.load"
    " WHERE r.type = ? AND r.logical_id = ?"
)


class _Known(NamedTuple):
    """The row of a resource, locked, and the package that owns it."""

    serial: int
    owner: Owner | None


class Transaction(Reading):
    """Reads and writes inside one transaction; what is read includes what it wrote."""

    def __init__(self, connection: Any, database: Database, committed: dict[Key, int]) -> None:
        super().__init__()
        self._connection = connection
        self._database = database
        self.numbers = Numbers(committed, self._execute)
        self._known: dict[tuple[str, str, str], _Known | None] = {}
        self._puts: dict[tuple[str, str, str], Put] = {}

    def execute(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.flush()
        self._known.clear()
        return self._execute(text, values)

    def _execute(self, text: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._database.rows(self._connection, text, values)

    def flush(self) -> None:
        """Write what was put, so that the next statement sees it."""
        if self._puts:
            puts, self._puts = [*self._puts.values()], {}
            self._known.clear()
            writing.write(self, puts)

    def _rows(self, statement: Sql) -> list[tuple[Any, ...]]:
        return self.execute(statement.text, statement.values)

    def change_token(self) -> None:
        return None

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """This transaction: what is written joins it, and is committed with it."""
        yield self

    def insert(self, rows: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        """Insert rows of several tables (schema.WRITTEN); those of an index that are there already stay."""
        self._database.insert(self._connection, rows)

    def append(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        resources: Sequence[int] = (),
    ) -> None:
        """Insert many rows that are known to be new, in the fastest way the database has.

        Given numbers that were reserved, the first value of each row is a place among them.
        """
        self.flush()
        if rows:
            self._database.append(self._connection, table, columns, rows, resources)

    def secondary_indexes(self, table: str) -> dict[str, str]:
        """The indexes of a table that can be dropped, each with the statement that makes it."""
        return self._database.secondary_indexes(self._connection, table)

    def expect_much(self) -> None:
        """Make this transaction one that may sort whole tables; memory stays bounded."""
        self._database.expect_much(self._connection)

    def defer_flush(self) -> None:
        """Let this transaction commit before it is on the disk: another one follows, which will be."""
        self._database.defer_flush(self._connection)

    @property
    def for_update(self) -> str:
        """What makes a SELECT lock its rows until the end of the transaction."""
        return self._database.FOR_UPDATE

    def reserve(self, resources: int, versions: int) -> tuple[list[int], list[int]]:
        """Numbers for so many new rows of `resource` and `version`, which no other writer gets."""
        return self._database.reserve(self._connection, resources, versions)

    def lock(self, *names: str) -> None:
        """Always in the same order, so that two writers do not wait for each other."""
        for name in sorted(names):
            self._database.lock(self._connection, name)

    def read(self, release: str, type_name: str, logical_id: str) -> StoredVersion | None:
        """The current version, locked against other writers until the end of the transaction."""
        name = (release, type_name, logical_id)
        if name in self._puts:
            self.flush()
        key = (self.type_number(release, type_name), logical_id)
        # Two statements: one that waited for a lock would join with versions from before the wait.
        locked, found = self._database.ask(
            self._connection, (_SERIAL + self._database.FOR_UPDATE, key), (_READ_OWNED, key)
        )
        if not locked:
            self._known[name] = None
            return None
        serial, version_id, last_updated, body, canonical, owner_version = found[0]
        owner = Owner(canonical, owner_version) if canonical is not None else None
        self._known[name] = _Known(serial, owner)
        return StoredVersion(type_name, logical_id, version_id, last_updated, body)

    def owner(self, release: str, type_name: str, logical_id: str) -> Owner | None:
        """The package that owns the resource, if one does."""
        known = self._look(release, type_name, logical_id)
        return known.owner if known else None

    def put(self, release: str, version: StoredVersion, rows: Iterable[IndexRow]) -> None:
        """Make this the current version; it is written with others, before anything is read."""
        name = (release, version.type_name, version.logical_id)
        if name in self._puts or len(self._puts) >= writing.MOST:
            self.flush()
        known = self._look(*name) if version.version_id > 1 else None
        self._puts[name] = Put(release, known.serial if known else None, version, [*rows])
        if version.type_name == "SearchParameter":
            self.note_definitions()

    def _look(self, release: str, type_name: str, logical_id: str) -> _Known | None:
        """What is known of the resource's row since it was read, or is read now."""
        name = (release, type_name, logical_id)
        if name not in self._known:
            self.read(*name)
        return self._known[name]

    def note_definitions(self) -> None:
        """Let every process know that SearchParameter resources changed, before anything else is written."""
        self.lock(DEFINITIONS)
        self.set_property(DEFINITIONS, str(int(self.property(DEFINITIONS) or 0) + 1))

    def parameter_number(self, release: str, type_name: str, code: str) -> int:
        return self.numbers.of_parameter(release, type_name, code)

    def type_number(self, release: str, type_name: str) -> int:
        return self.numbers.of_type(release, type_name)

    def serial(self, release: str, type_name: str, logical_id: str) -> int:
        """The number of the row of a resource that was put."""
        found: int = self.execute(_SERIAL, (self.type_number(release, type_name), logical_id))[0][0]
        return found

    def replace_index_rows(self, found: Sequence[tuple[Placed, list[IndexRow]]]) -> None:
        """Index these resources anew; their versions stay."""
        self.flush()
        writing.replace(self, found)

    def reindex(self, release: str, type_name: str, rows_of: Callable[[bytes], list[IndexRow]]) -> int:
        """Write the index rows of every current resource of a type anew; returns how many there are."""
        found = self.execute(
            "SELECT r.logical_id, r.serial, r.current_version, r.last_updated, v.body FROM resource AS r"
            " JOIN version AS v ON v.serial = r.current_version WHERE r.type = ? AND r.is_deleted = ?",
            (self.type_number(release, type_name), False),
        )
        for start in range(0, len(found), writing.MOST):
            self.replace_index_rows(
                [
                    (Placed(release, type_name, *place), rows_of(body))
                    for *place, body in found[start : start + writing.MOST]
                ]
            )
        return len(found)

    def delete_index_rows(self, resources: Sequence[int]) -> None:
        """Those of these rows of `resource`, and all rows of what they contain."""
        self._database.delete_rows(self._connection, resources)

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
