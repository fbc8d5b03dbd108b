"""The store over a relational database: one code path, whichever database it is.

Each thread reads on a DBAPI connection of its own; each transaction that writes opens another.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fhir_service.store.database import Database
from fhir_service.store.migration import migrate
from fhir_service.store.reading import Reading
from fhir_service.store.sql import Sql
from fhir_service.store.transaction import Transaction


class RelationalStore(Reading):
    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self._local = threading.local()
        self._connections: list[Any] = []
        self._guard = threading.Lock()

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

    def _rows(self, statement: Sql) -> list[tuple[Any, ...]]:
        text, values = self.database.statement(statement.text), self.database.values(statement.values)
        cursor = self._connection().execute(text, values)
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

    # Writing

    def create_tables(self) -> None:
        """Bring the database to this version's schema; raises MigrationError."""
        migrate(self.database)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction: committed as a whole at the end of the block, or not at all.

        Raises Contended or Unavailable when other writers were in the way: nothing was written then.
        """
        self._connection()  # SQLite tidies up when the last connection closes: four times a write's own cost
        connection = self.database.connect()
        try:
            self.database.begin(connection)
            try:
                yield Transaction(connection, self.database)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except Exception as error:
            refusal = self.database.refusal(error)
            if refusal is None:
                raise
            raise refusal from error
        finally:
            connection.close()
        self._numbers = {}
