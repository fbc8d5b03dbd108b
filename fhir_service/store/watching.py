"""A look at whether anything has changed, cheap enough for every request.

https://sqlite.org/walformat.html, https://sqlite.org/pragma.html#pragma_data_version and
https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from fhir_service.store.database import Database


class ChangeWatch:
    """`look` answers a token that differs from an earlier one when a commit came between.

    Where the database lets it be read from memory, that is all. Otherwise it is asked for on one connection
    for all threads, under a lock: SQLite's `data_version` means something only on the connection that it was
    read on. `commits` counts what this process has committed itself, so that a token that is `TOKEN_AGE`
    seconds old is never older than the process's own writes.
    """

    def __init__(self, database: Database, commits: Callable[[], int]) -> None:
        self._database = database
        self._commits = commits
        self._guard = threading.Lock()
        self._connection: Any = None
        self._reader: Callable[[], object] | None = None
        # Replaced as a whole: who reads it without the lock must not take an old token for a new one.
        self._read: tuple[float, tuple[int, object]] = (float("-inf"), (-1, None))

    def look(self) -> object:
        reader = self._reader
        return reader() if reader is not None else self._ask()

    def known(self) -> object | None:
        """The token, where that needs neither the database nor the lock; otherwise None."""
        reader = self._reader
        return reader() if reader is not None else self._fresh()

    def _fresh(self) -> object | None:
        read_at, token = self._read
        is_fresh = token[0] == self._commits() and time.monotonic() - read_at < self._database.TOKEN_AGE
        return token if is_fresh else None

    def exact(self) -> object:
        """A token that is never older than any commit, or None where a new one would have to be asked for."""
        return None if self._database.TOKEN_AGE else self.look()

    def _ask(self) -> object:
        with self._guard:
            self._connect()
            if self._reader is not None:
                return self._reader()
            token = self._fresh()
            if token is None:
                read_at, commits = time.monotonic(), self._commits()
                token = (commits, self._database.change_token(self._connection))
                self._read = (read_at, token)
            return token

    def _connect(self) -> None:
        """Raises what the database raises when it does not answer."""
        if self._connection is None or self._database.is_broken(self._connection):
            self._connection = self._database.connect()
            self._reader = self._database.change_reader(self._connection)

    def close(self) -> None:
        with self._guard:
            self._reader = None
            if self._connection is not None:
                self._connection.close()
                self._connection = None
