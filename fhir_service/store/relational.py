"""The store over a relational database: one code path, whichever database it is.

Each thread reads on a DBAPI connection of its own; each transaction that writes opens another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from fhir_service.errors import Contended, Unavailable
from fhir_service.search.definitions import SearchParameters
from fhir_service.store.connections import READER, WRITER, Connections, ThreadConnections
from fhir_service.store.database import DEFINITIONS, FILLING, Database, Rows
from fhir_service.store.lengths import Lengths
from fhir_service.store.migration import migrate
from fhir_service.store.parameters import STATE, StoredParameters, while_state_is
from fhir_service.store.reading import Reading
from fhir_service.store.sql import Sql
from fhir_service.store.transaction import Transaction
from fhir_service.store.watching import ChangeWatch

_ATTEMPTS = 20


class RelationalStore(Reading):
    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self._connections = ThreadConnections(database)
        self.commits = 0
        """how many transactions this store has committed itself"""
        self._watch = ChangeWatch(database, lambda: self.commits)
        self._lengths = Lengths()
        self._state: Rows | None = None
        """what `parameters.STATE` was when it was last looked at"""

    def watch(self) -> object:
        return self._watch.look()

    def watched(self) -> object | None:
        return self._watch.known()

    def change_token(self) -> object:
        with self._connections.used() as own:
            return self.database.change_token(own.get(READER))

    def hindrance(self) -> str | None:
        """Why requests cannot be answered now: there is no database, or its index is not built yet."""
        try:
            filling = self._rows(Sql("SELECT 1 FROM property WHERE name = ?", [FILLING]))
        except self.database.errors():
            return "the database does not answer"
        return "the first load into the database is not finished" if filling else None

    def close(self) -> None:
        self._watch.close()
        self._connections.close()

    def rows(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a SELECT, written with `?`, finds."""
        return self._rows(Sql(text, list(values)))

    def _rows(self, statement: Sql) -> list[tuple[Any, ...]]:
        with self._connections.used() as own:
            try:
                return self._found(own, statement)
            except self.database.errors():
                # A server that was restarted is asked once more, on a new connection.
                if not self._is_broken(own, READER):
                    raise
                own.drop(READER)
                return self._found(own, statement)

    def _length(self, statement: Sql) -> int:
        token, count = self._token(), super()._length
        return count(statement) if token is None else self._lengths.of(token, statement, count)

    def _token(self) -> object | None:
        """Other after every commit that may be seen; None when the database does not answer."""
        try:
            return self._watch.look()
        except self.database.errors():
            return None

    def _found(self, own: Connections, statement: Sql) -> list[tuple[Any, ...]]:
        if statement is STATE:
            return self._state_of(own)
        if own.presumed is None:
            return self.database.rows(own.get(READER), *statement)
        found = self.database.rows(own.get(READER), *while_state_is(own.presumed, statement))
        if found:
            own.presumed = None  # it is as presumed
        else:  # either it is not, or nothing matches
            self._confirm(own, self.database.rows(own.get(READER), *STATE))
        return found

    def _state_of(self, own: Connections) -> Rows:
        if own.state is not None:  # which came with BEGIN
            return own.state
        if own.presumes and self._state is not None:
            own.presumed = self._state
            return self._state
        self._state = self.database.rows(own.get(READER), *STATE)
        return self._state

    def presuming(self) -> AbstractContextManager[None]:
        # Where a look is a way to another process: it goes with the first statement, or at the end.
        return self._presuming() if self.database.TOKEN_AGE else nullcontext()

    @contextmanager
    def _presuming(self) -> Iterator[None]:
        own = self._connections.mine()
        own.presumes = True
        try:
            yield
        finally:  # also what is refused may be refused for what held before
            own.presumes = False
            if own.presumed is not None:
                self._confirm(own, self._rows(STATE))

    def _confirm(self, own: Connections, state: Rows) -> None:
        presumed, own.presumed, self._state = own.presumed, None, state
        if presumed is not None and set(presumed) != set(state):
            raise Contended("The definitions of search parameters were changed at the same time.")

    def _is_broken(self, own: Connections, use: str) -> bool:
        return own.is_open(use) and self.database.is_broken(own.get(use))

    def search_parameters(self, built: Mapping[str, SearchParameters]) -> StoredParameters:
        """These, by release name, and what clients define in this store; always as it is now."""
        return StoredParameters(self._rows, built, self._watch.exact)

    def settled(self, now: Callable[[], int]) -> int:
        """A moment up to which all is committed: whatever is written from now on has a later last update."""
        for _ in range(_ATTEMPTS):
            try:
                with self.write() as transaction:
                    # Every writer holds a share of it, and takes its time while it does.
                    transaction.lock(DEFINITIONS)
                    return now()
            except Contended:
                time.sleep(0.05)
        raise Contended("Other writers were in the way.")

    # Writing

    def create_tables(self) -> None:
        """Bring the database to this version's schema; raises MigrationError."""
        migrate(self.database)

    def tidy(self) -> None:
        """Do what is better done at once, after a very large load."""
        with self._connections.used() as own:
            self.database.tidy(own.get(WRITER))

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction: committed as a whole at the end of the block, or not at all.

        Raises Contended or Unavailable when other writers were in the way: nothing was written then.
        """
        with self._connections.used() as own:
            is_clean = False  # whether no transaction is left open
            try:
                connection = self._begin(own)
                transaction = Transaction(connection, self.database, own.numbers)
                try:
                    yield transaction
                    transaction.flush()
                    self._end(connection)
                except BaseException:
                    if not self.database.is_broken(connection):
                        self.database.rollback(connection)
                        is_clean = True
                    raise
                self.commits += 1
                is_clean = True
                found = transaction.numbers.found
            except Exception as error:
                refusal = self.database.refusal(error)
                if refusal is None:
                    raise
                raise refusal from error
            finally:
                own.state = None
                if not is_clean and own.is_open(WRITER):
                    own.drop(WRITER)
            if found:
                own.numbers |= found
                self._numbers = {}

    def _begin(self, own: Connections) -> Any:
        """The connection, in a transaction; a server that was restarted is asked once more, on a new one."""
        try:
            own.state = self.database.begin(own.get(WRITER), STATE)
        except self.database.errors():
            if not self._is_broken(own, WRITER):
                raise
            own.drop(WRITER)
            own.state = self.database.begin(own.get(WRITER), STATE)
        return own.get(WRITER)

    def _end(self, connection: Any) -> None:
        try:
            self._commit(connection)
        except self.database.errors() as error:
            if not self.database.is_broken(connection):
                raise
            raise Unavailable(
                "The database was lost while this was being written: look whether it is there before you send"
                " it again."
            ) from error

    def _commit(self, connection: Any) -> None:
        self.database.commit(connection)
