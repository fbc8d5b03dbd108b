"""The connections of one thread to the database, each for its own use.

https://docs.python.org/3/library/sqlite3.html#sqlite3.threadsafety

A connection that two threads use at once, or that one closes while another reads, can end the process. So
each thread has its own, and holds their lock while it uses them; whoever closes them takes the lock first.
"""

from __future__ import annotations

import threading
from typing import Any

from fhir_service.store.database import Database, Rows
from fhir_service.store.numbers import Key

READER, WRITER = "reader", "writer"


class Connections:
    """Those of one thread, opened when they are first used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: dict[str, Any] = {}
        self.lock = threading.RLock()
        self.is_closed = False
        self.numbers: dict[Key, int] = {}
        """What committed transactions found (numbers.py). No older than the connections: a standby that was
        promoted may lack the last ones."""
        self.state: Rows | None = None
        """What the open transaction read as `parameters.STATE`: until it ends, nobody changes that."""
        self.presumes = False
        self.presumed: Rows | None = None
        """What is taken to be `parameters.STATE` and was not looked at yet (RelationalStore.presuming)."""

    def get(self, use: str) -> Any:
        """The one for that use. What reads never writes: so `data_version` tells it of every commit."""
        if use not in self._open:
            self._open[use] = self._database.connect(searches=use == READER)
        return self._open[use]

    def is_open(self, use: str) -> bool:
        return use in self._open

    def drop(self, use: str) -> None:
        self.numbers = {}
        self._open.pop(use).close()

    def close(self) -> None:
        with self.lock:
            self.is_closed = True
            for connection in self._open.values():
                connection.close()
            self._open.clear()


class _Use:
    """A block in which a thread's connections are its own. As a generator, it would cost as much as a row."""

    __slots__ = ("_every", "_own")

    def __init__(self, every: ThreadConnections) -> None:
        self._every = every

    def __enter__(self) -> Connections:
        while True:
            own = self._own = self._every.mine()
            own.lock.acquire()
            if not own.is_closed:
                return own
            own.lock.release()
            self._every.forget()

    def __exit__(self, *_: object) -> None:
        self._own.lock.release()


class ThreadConnections:
    """Every thread's connections."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._own = threading.local()
        self._all: list[Connections] = []
        self._guard = threading.Lock()

    def used(self) -> _Use:
        """This thread's own, which nobody closes until the end of the block."""
        return _Use(self)

    def mine(self) -> Connections:
        own: Connections | None = getattr(self._own, "connections", None)
        if own is None:
            own = self._own.connections = Connections(self._database)
            with self._guard:
                self._all.append(own)
        return own

    def forget(self) -> None:
        """Let this thread open new ones."""
        del self._own.connections

    def close(self) -> None:
        """Close all; a thread that goes on opens new ones."""
        with self._guard:
            every, self._all = self._all, []
        for connections in every:
            connections.close()
