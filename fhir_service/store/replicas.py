"""A primary with streaming replicas: writes go to the one, reads to the others as far as they have come.

https://www.postgresql.org/docs/15/warm-standby.html and docs/scaling.md, which says what is promised

    a request begins   -> nothing is chosen, nothing is asked
    it reads           -> the first of these that answers, and all that it reads comes from there
                          a replica that has replayed what this process, and the client, wrote, and whatever
                          the primary had some seconds ago
                          the primary
                          a replica that has replayed what the client wrote: the primary is away
    it must be current -> the primary comes first
    it writes          -> the primary, also for what it reads from then on
    what it reads from is lost -> the request fails, and may be repeated without it

A position is a place in the write-ahead log. That of a commit is read after it, so whoever has replayed as
much shows it. A change token is read before the query, from the server that is then asked: one that was read
from another could call what is old current, for ever.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

from fhir_service.errors import Unavailable
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.predicates import Key
from fhir_service.search.query import Query
from fhir_service.store.contract import HistoryPage, HistoryScope, Page, StoredVersion
from fhir_service.store.parameters import StoredParameters
from fhir_service.store.postgres import PostgresDatabase
from fhir_service.store.server import Progress, Server, Standing
from fhir_service.store.transaction import Transaction

Answer = TypeVar("Answer")


@dataclass
class Reader:
    """One request: what it must see, and where it reads."""

    wrote: int = 0
    """the position that its client's own writes are at"""
    is_current: bool = False
    """whether it must see all that is committed"""
    avoids: frozenset[int] = frozenset()
    """places of servers that were lost to it before"""
    place: int | None = None
    standing: Standing | None = None
    is_lost: bool = False
    has_written: bool = False


class ReplicatedStore:
    """The store of a primary and its replicas. What belongs to no request reads from the primary."""

    def __init__(self, primary: PostgresDatabase, replicas: Sequence[PostgresDatabase]) -> None:
        # Each process has a favourite among them, so that its cache is not of several at once.
        shuffled = random.sample(list(replicas), len(replicas))
        self._primary = Server(primary)
        self._primary.note_position()
        self._progress = Progress(self._primary)
        self._servers = [self._primary, *map(Server, shuffled)]
        self._own = threading.local()

    @contextmanager
    def request(self, reader: Reader) -> Iterator[None]:
        """What this thread does in the block is done for one request."""
        self._own.reader = reader
        try:
            yield
        finally:
            self._own.reader = None

    def written(self) -> int:
        """A position that has all that this process wrote."""
        return self._primary.written

    # Resources

    def read(self, release: str, type_name: str, logical_id: str) -> StoredVersion | None:
        return self._ask(lambda server: server.read(release, type_name, logical_id))

    def vread(self, release: str, type_name: str, logical_id: str, version_id: int) -> StoredVersion | None:
        return self._ask(lambda server: server.vread(release, type_name, logical_id, version_id))

    def search(self, release: str, query: Query) -> Page:
        return self._ask(lambda server: server.search(release, query))

    def presuming(self) -> AbstractContextManager[None]:
        return nullcontext()  # each look is a way of its own: which server is asked, the first one decides

    def indexed_uris(self, release: str, parameter: Key, prefix: str, limit: int) -> list[str]:
        return self._ask(lambda server: server.indexed_uris(release, parameter, prefix, limit))

    def history(self, release: str, scope: HistoryScope) -> HistoryPage:
        return self._ask(lambda server: server.history(release, scope))

    def as_of(
        self, release: str, type_name: str, at: int, *, since: int, after: int, count: int
    ) -> list[tuple[int, StoredVersion]]:
        return self._ask(
            lambda server: server.as_of(release, type_name, at, since=since, after=after, count=count)
        )

    def search_parameters(self, built: Mapping[str, SearchParameters]) -> Mapping[str, SearchParameters]:
        return _Parameters(built, lambda get: self._ask(lambda server: get(server.parameters(built))))

    def change_token(self) -> object:
        reader: Reader | None = getattr(self._own, "reader", None)
        return self._primary.change_token() if reader is None else self._token(reader)

    def watch(self) -> object:
        return self.change_token()

    def watched(self) -> None:
        """Which server's it would be is not known before a request has chosen one."""

    def hindrance(self) -> str | None:
        try:
            return self._ask(lambda server: server.hindrance())
        except Unavailable:
            return "the database does not answer"

    def settled(self, now: Callable[[], int]) -> int:
        return self._primary.settled(now)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        reader: Reader | None = getattr(self._own, "reader", None)
        if reader is not None and reader.place != 0:  # also for what is read to write it
            reader.place, reader.standing = 0, self._primary.standing(now=True)
            if reader.standing is None:
                raise Unavailable(
                    "The primary database does not answer: nothing can be written now, and nothing was."
                    " What only reads is answered."
                )
        with self._primary.write() as transaction:
            yield transaction
        if reader is not None:
            reader.has_written = True

    def close(self) -> None:
        for server in self._servers:
            server.close()

    # Choosing

    def _ask(self, ask: Callable[[Server], Answer]) -> Answer:
        reader: Reader | None = getattr(self._own, "reader", None)
        if reader is None:
            try:
                return ask(self._primary)
            except self._primary.database.errors():
                return ask(self._primary)  # over a new connection
        server = self._servers[self._place(reader)]
        try:
            return ask(server)
        except server.database.errors() as error:
            reader.is_lost = True
            raise Unavailable("The database that was asked does not answer; try again.") from error

    def _place(self, reader: Reader) -> int:
        if reader.place is None:
            reader.place, reader.standing = self._choose(reader)
        return reader.place

    def _token(self, reader: Reader) -> object:
        if reader.has_written:
            reader.standing = self._primary.standing(now=True)
        place, standing = self._place(reader), reader.standing
        if standing is None:
            raise Unavailable("The database that was asked does not answer; try again.")
        return place, standing.losses, standing.commits, standing.token

    def _choose(self, reader: Reader) -> tuple[int, Standing]:
        must_be_asked_now = reader.is_current or reader.wrote > 0
        for place, position in self._candidates(reader):
            if place in reader.avoids:
                continue
            standing = self._servers[place].standing(now=place == 0 and must_be_asked_now)
            if standing is not None and standing.position >= position:
                return place, standing
        for place, server in enumerate(self._servers):  # one of them may have been promoted a moment ago
            standing = None if place in reader.avoids else server.standing(now=True)
            if standing is not None and not standing.is_standby:
                return place, standing
        raise Unavailable(
            "No database answers that has what this client wrote before: the primary does not answer."
            if reader.wrote
            else "No database answers now; try again later."
        )

    def _candidates(self, reader: Reader) -> Iterator[tuple[int, int]]:
        """Places of servers, each with the position that it must have reached."""
        replicas = range(1, len(self._servers))
        if not reader.is_current:
            seen = max(reader.wrote, self._primary.written, self._progress.due())
            yield from ((place, seen) for place in replicas)
        yield 0, 0
        yield from ((place, reader.wrote) for place in replicas)


class _Parameters(Mapping[str, SearchParameters]):
    """By release name, as they are on the server that the request reads from."""

    def __init__(
        self,
        built: Mapping[str, SearchParameters],
        ask: Callable[[Callable[[StoredParameters], SearchParameters]], SearchParameters],
    ) -> None:
        self._built = built
        self._ask = ask

    def __getitem__(self, release: str) -> SearchParameters:
        return self._ask(lambda stored: stored[release])

    def __iter__(self) -> Iterator[str]:
        return iter(self._built)

    def __len__(self) -> int:
        return len(self._built)
