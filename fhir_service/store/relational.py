"""The store over a relational database: one code path, whichever database it is.

Each thread reads on a DBAPI connection of its own; each transaction that writes opens another.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.search.paging import Cursor, encode_cursor
from fhir_service.search.predicates import Predicate, codes
from fhir_service.search.query import Query
from fhir_service.store import sql
from fhir_service.store.contract import Page, StoredVersion
from fhir_service.store.database import Database
from fhir_service.store.schema import metadata
from fhir_service.store.sql import Sql
from fhir_service.store.transaction import Transaction

# How far a driver is looked at before another one is preferred.
PROBE_LIMIT = 500


class RelationalStore:
    def __init__(self, database: Database) -> None:
        self.database = database
        self._local = threading.local()
        self._connections: list[Any] = []
        self._guard = threading.Lock()
        self._types: dict[tuple[str, str], int] = {}
        self._parameters: dict[tuple[str, str], dict[str, int]] = {}

    # Reading

    def read(self, release: str, type_name: str, logical_id: str) -> StoredVersion | None:
        return self._version(sql.READ, release, type_name, logical_id)

    def vread(self, release: str, type_name: str, logical_id: str, version_id: int) -> StoredVersion | None:
        return self._version(sql.VREAD, release, type_name, logical_id, version_id)

    def search(self, release: str, query: Query) -> Page:
        type_number = self._type_number(release, query.type_name)
        if type_number is None:
            return Page((), None, 0)
        numbers = self._parameter_numbers(release, query.type_name, query.predicate)
        choices = sql.drivers(query.predicate, numbers)
        chosen, driver = self._choose(choices, query, type_number, numbers)
        if query.count == 0:
            return Page((), None, self._count(driver, query, type_number, numbers))
        after = query.cursor.position if query.cursor else None
        walk = sql.walk(driver, query.predicate, type_number, numbers, after=after, limit=query.count + 1)
        rows = self._rows(sql.page(walk, driver))
        matches = [
            StoredVersion(query.type_name, logical_id, version_id, last_updated, body)
            for _, _, logical_id, version_id, last_updated, body in rows[: query.count]
        ]
        next_cursor = None
        if len(rows) > query.count:
            sort, resource = rows[query.count - 1][:2]
            next_cursor = encode_cursor(Cursor(chosen, (sort, resource) if driver.sort else (resource,)))
        total = len(matches) if next_cursor is None and query.cursor is None else None
        if total is None and query.total == "accurate":
            total = self._count(driver, query, type_number, numbers)
        return Page(matches, next_cursor, total)

    def change_token(self) -> object:
        return self.database.change_token(self._connection())

    def is_ready(self) -> bool:
        try:
            self._rows(Sql("SELECT 1 FROM type WHERE number = ?", [0]))
        except self.database.errors():
            return False
        return True

    def close(self) -> None:
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    def _version(self, text: str, release: str, type_name: str, *key: str | int) -> StoredVersion | None:
        type_number = self._type_number(release, type_name)
        if type_number is None:
            return None
        rows = self._rows(Sql(text, [type_number, *key]))
        return StoredVersion(type_name, str(key[0]), *rows[0]) if rows else None

    def _choose(
        self, choices: Sequence[sql.Driver], query: Query, type_number: int, numbers: Mapping[str, int]
    ) -> tuple[int, sql.Driver]:
        """The driver with the fewest rows; a later page must go on along the one that the first page took."""
        if query.cursor:
            return query.cursor.driver, self._driver_of(query.cursor, choices)
        if not choices:
            return -1, sql.WHOLE_TYPE
        if len(choices) == 1:
            return 0, choices[0]
        lengths = [
            self._rows(sql.count(sql.probe(choice, type_number, numbers, PROBE_LIMIT)))[0][0]
            for choice in choices
        ]
        shortest = min(range(len(choices)), key=lambda n: (lengths[n], choices[n].sort is not None))
        return shortest, choices[shortest]

    @staticmethod
    def _driver_of(cursor: Cursor, choices: Sequence[sql.Driver]) -> sql.Driver:
        driver = sql.WHOLE_TYPE if cursor.driver == -1 else None
        if 0 <= cursor.driver < len(choices):
            driver = choices[cursor.driver]
        if driver is None or len(cursor.position) != (2 if driver.sort else 1):
            raise Invalid("The page link does not fit its search: follow the `next` link as it stands")
        return driver

    def _count(self, driver: sql.Driver, query: Query, type_number: int, numbers: Mapping[str, int]) -> int:
        total: int = self._rows(sql.count(sql.walk(driver, query.predicate, type_number, numbers)))[0][0]
        return total

    def _rows(self, statement: Sql) -> list[tuple[Any, ...]]:
        cursor = self._connection().execute(self.database.statement(statement.text), statement.values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _connection(self) -> Any:
        """This thread's own connection for reading: a cursor shared by threads can kill the process."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self.database.connect()
            with self._guard:
                self._connections.append(connection)
        return connection

    # Numbers of types and search parameters

    def _type_number(self, release: str, type_name: str) -> int | None:
        number = self._types.get((release, type_name))
        if number is None:
            self._types = {
                (row[1], row[2]): row[0]
                for row in self._rows(Sql("SELECT number, release, name FROM type", []))
            }
            number = self._types.get((release, type_name))
        return number

    def _parameter_numbers(self, release: str, type_name: str, predicate: Predicate) -> Mapping[str, int]:
        found = self._parameters.get((release, type_name), {})
        # A number is given when a parameter is first indexed, perhaps by another process, and then for good.
        if not codes(predicate) <= found.keys():
            rows = self._rows(
                Sql(
                    "SELECT code, number FROM search_parameter WHERE release = ? AND type = ?",
                    [release, type_name],
                )
            )
            found = self._parameters[release, type_name] = dict(rows)
        return found

    # Writing

    def create_tables(self) -> None:
        """Create what is missing; existing tables are left alone."""
        metadata.create_all(self.database.engine)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction: committed as a whole at the end of the block, or not at all."""
        connection = self.database.connect()
        try:
            self.database.begin(connection)
            try:
                yield Transaction(connection, self.database)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        finally:
            connection.close()
        self._types, self._parameters = {}, {}
