"""The store over a relational database: one code path, whichever database it is.

Each thread reads on a DBAPI connection of its own; each transaction that writes opens another.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fhir_service.search.predicates import keys
from fhir_service.search.query import Query
from fhir_service.store import sql
from fhir_service.store.contract import HistoryPage, HistoryScope, Page, StoredVersion
from fhir_service.store.database import Database
from fhir_service.store.schema import metadata
from fhir_service.store.searching import Searcher
from fhir_service.store.sql import Names, Sql
from fhir_service.store.transaction import Transaction
from fhir_service.store.versions import history


class RelationalStore:
    def __init__(self, database: Database) -> None:
        self.database = database
        self._local = threading.local()
        self._connections: list[Any] = []
        self._guard = threading.Lock()
        self._numbers: dict[str, Names] = {}

    # Reading

    def read(self, release: str, type_name: str, logical_id: str) -> StoredVersion | None:
        return self._version(sql.READ, release, type_name, logical_id)

    def vread(self, release: str, type_name: str, logical_id: str, version_id: int) -> StoredVersion | None:
        return self._version(sql.VREAD, release, type_name, logical_id, version_id)

    def search(self, release: str, query: Query) -> Page:
        return Searcher(self._rows, self._names(release, query)).page(query)

    def history(self, release: str, scope: HistoryScope) -> HistoryPage:
        names = self._names_of(release)
        if scope.type_name is not None and scope.type_name not in names.types:
            names = self._reload(release)
        return history(self._rows, names, scope)

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
        number = self._names_of(release).types.get(type_name)
        return number if number is not None else self._reload(release).types.get(type_name)

    def _names(self, release: str, query: Query) -> Names:
        """A number is given when something is first written, perhaps by another process, and for good."""
        names = self._names_of(release)
        wanted = keys(query.predicate) | {key.parameter for key in query.sort}
        wanted |= {one.parameter for one in query.includes}
        if query.type_name in names.types and wanted <= names.parameters.keys():
            return names
        return self._reload(release)

    def _names_of(self, release: str) -> Names:
        return self._numbers.get(release) or self._reload(release)

    def _reload(self, release: str) -> Names:
        types = self._rows(Sql("SELECT name, number FROM type WHERE release = ?", [release]))
        parameters = self._rows(
            Sql(
                "SELECT type, code, number FROM search_parameter WHERE release = ? AND state = 'ready'",
                [release],
            )
        )
        numbers = {(row[0], row[1]): row[2] for row in parameters}
        names = self._numbers[release] = Names({row[0]: row[1] for row in types}, numbers)
        return names

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
        self._numbers = {}
