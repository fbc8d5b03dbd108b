"""PostgreSQL: where one machine is outgrown.

https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

from sqlalchemy import URL, Engine, NullPool, create_engine


class PostgresDatabase:
    def __init__(self, url: URL) -> None:
        self.engine: Engine = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool)
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)

    def connect(self) -> Any:
        import psycopg

        # A statement is prepared on the server once it has been used a few times on a connection.
        return psycopg.connect(self._conninfo, autocommit=True)

    def statement(self, text: str) -> str:
        return text.replace("?", "%s")

    def begin(self, connection: Any) -> None:
        connection.execute("BEGIN")

    def change_token(self, connection: Any) -> object:
        row = connection.execute(
            "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text"
            " ELSE pg_current_snapshot()::text END"
        ).fetchone()
        return row[0]

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        key = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
        with self.connect() as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (key,))
            yield  # the lock goes with the connection

    def errors(self) -> tuple[type[Exception], ...]:
        import psycopg

        return (psycopg.OperationalError,)
