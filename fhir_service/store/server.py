"""One database of several: how far it is, and what this process has written to it.

https://www.postgresql.org/docs/15/functions-admin.html#FUNCTIONS-ADMIN-BACKUP (positions of the log)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from fhir_service.search.definitions import SearchParameters
from fhir_service.store.connections import READER, Connections
from fhir_service.store.parameters import StoredParameters
from fhir_service.store.postgres import PostgresDatabase, position_of
from fhir_service.store.relational import RelationalStore
from fhir_service.store.sql import Sql

# A server that did not answer is left alone for so long, by all threads but the one that tries it then.
_REST_SECONDS = 1.0
# A replica that is as far behind as this, or up to twice as far, is not read from while the primary answers.
MOST_BEHIND = 5.0


class Standing(NamedTuple):
    """How far a server was when it was asked, by one thread."""

    losses: int
    commits: int
    asked_at: float
    is_standby: bool
    position: int
    """what it has replayed as a standby"""
    token: str


class Server(RelationalStore):
    """One database of several. A connection that is lost is not opened anew behind a request's back."""

    database: PostgresDatabase

    def __init__(self, database: PostgresDatabase) -> None:
        super().__init__(database)
        self.written = 0
        """the position of the last commit that was made here"""
        self._guard = threading.Lock()
        self._losses = 0
        self._rests_until = 0.0
        self._seen = threading.local()
        self._parameters: StoredParameters | None = None

    def standing(self, *, now: bool = False) -> Standing | None:
        """At most TOKEN_AGE old, or asked for `now`; None when the server does not answer."""
        if time.monotonic() < self._rests_until:
            return None
        if self._rests_until:
            self._rests_until = time.monotonic() + _REST_SECONDS
        known: Standing | None = getattr(self._seen, "standing", None)
        if now or known is None or not self._holds(known):
            try:
                known = self._seen.standing = self._ask_again()
            except self.database.errors():
                self._rests_until = time.monotonic() + _REST_SECONDS
                return None
        self._rests_until = 0.0
        return known

    def parameters(self, built: Mapping[str, SearchParameters]) -> StoredParameters:
        if self._parameters is None:
            self._parameters = StoredParameters(self._rows, built)
        return self._parameters

    def _holds(self, known: Standing) -> bool:
        is_young = time.monotonic() - known.asked_at < self.database.TOKEN_AGE
        return is_young and known.losses == self._losses and known.commits == self.commits

    def _ask_again(self) -> Standing:
        """Over a new connection if the one of before is lost: nothing has been read over it for this."""
        try:
            return self._ask()
        except self.database.errors():
            return self._ask()

    def _ask(self) -> Standing:
        losses, commits, asked_at = self._losses, self.commits, time.monotonic()
        with self._connections.used() as own, self._losing(own):
            is_standby, token = self.database.standing(own.get(READER))
        position = position_of(token) if is_standby else 0
        return Standing(losses, commits, asked_at, is_standby, position, token)

    def _token(self) -> object | None:
        known = self.standing()
        return None if known is None else (known.losses, known.commits, known.token)

    def _rows(self, statement: Sql) -> list[tuple[Any, ...]]:
        with self._connections.used() as own, self._losing(own):
            return self._found(own, statement)

    @contextmanager
    def _losing(self, own: Connections) -> Iterator[None]:
        """Behind the next connection may be another server: nothing that is known holds of that one."""
        try:
            yield
        except self.database.errors():
            if self._is_broken(own, READER):
                own.drop(READER)
                self._losses += 1
                self._numbers, self._newest, self._parameters = {}, {}, None
            raise

    def note_position(self) -> None:
        """What was committed before this process began counts as written by it, if the server answers."""
        with suppress(*self.database.errors()), self._connections.used() as own:
            self.written = self.database.position(own.get(READER))

    def flushed(self) -> int | None:
        """Where the log that replicas get stands; None when the server does not answer."""
        if self.standing() is None:
            return None
        try:
            with self._connections.used() as own, self._losing(own):
                return self.database.flushed(own.get(READER))
        except self.database.errors():
            return None

    def _commit(self, connection: Any) -> None:
        position = self.database.commit_at(connection)
        with self._guard:
            self.written = max(self.written, position)


class Progress:
    """What a replica must have by now: where the primary was when it was last but one asked."""

    def __init__(self, primary: Server) -> None:
        self._primary = primary
        self._guard = threading.Lock()
        self._asked_at = float("-inf")
        self._told = 0
        self._due = 0

    def due(self) -> int:
        if time.monotonic() - self._asked_at >= MOST_BEHIND and self._guard.acquire(blocking=False):
            try:
                self._due, self._told = self._told, self._primary.flushed() or 0
                self._asked_at = time.monotonic()
            finally:
                self._guard.release()
        return self._due
