"""A connection to PostgreSQL that tells the rows of a statement at little cost.

https://www.psycopg.org/psycopg3/docs/advanced/cursors.html#raw-query-cursors

One cursor serves all statements: to make one costs as much as a small statement. Rows come in binary: as
text, the server would write a body in hexadecimal digits, twice as many bytes, to be read again here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from psycopg import Connection, RawCursor
from psycopg.pq import Format


class RowsConnection(Connection[Any]):
    def rows(self, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """What a statement with PostgreSQL's own placeholders finds, if it is one that finds anything."""
        cursor = self._cursor.execute(text, values)
        found = cursor.pgresult
        return cursor.fetchall() if found is not None and found.nfields else []

    @cached_property
    def _cursor(self) -> RawCursor[Any]:
        cursor = RawCursor(self)
        cursor.format = Format.BINARY
        return cursor
