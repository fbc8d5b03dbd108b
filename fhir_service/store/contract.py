"""What a store promises, whatever database is behind it.

A resource version is kept as the exact bytes that are served (`meta` included, no base URL in them), so a
read never parses JSON. Times are whole microseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from fhir_service.search.definitions import SearchParameters
    from fhir_service.search.index import IndexRow
    from fhir_service.search.predicates import Key
    from fhir_service.search.query import Query


class StoredVersion(NamedTuple):
    """One version of one resource; a deletion is a version without a body."""

    type_name: str
    logical_id: str
    version_id: int
    last_updated: int
    body: bytes | None
    method: str = "PUT"
    """How it was made (POST, PUT, PATCH, DELETE); filled in by `history` only."""

    @property
    def is_deleted(self) -> bool:
        return self.body is None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of matches and what comes along with them (`_include`, `_revinclude`).

    `next_cursor` is opaque and None on the last page; `total` counts all matches.
    """

    matches: Sequence[StoredVersion]
    next_cursor: str | None
    total: int | None
    included: Sequence[StoredVersion] = ()


@dataclass(frozen=True, slots=True)
class HistoryScope:
    """Whose versions are asked for: of one resource, of a type, or (both None) of everything.

    `types` are the types that may be answered, by default all. `since` is the earliest last update, `at` a
    range [low, high) of time during which the version was the current one, `before` the cursor of the page
    before.
    """

    type_name: str | None = None
    logical_id: str | None = None
    since: int | None = None
    at: tuple[int, int] | None = None
    count: int = 20
    before: int | None = None
    types: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """`next_cursor` goes into the next page's `before`; `total` counts all pages."""

    versions: Sequence[StoredVersion]
    next_cursor: int | None
    total: int


class Owner(NamedTuple):
    """The package that a resource was loaded from."""

    canonical: str
    version: str


class Resources(Protocol):
    """Reading and writing; `release` is a release name such as "r4b".

    A store is one, and so is a transaction: what is asked of a transaction sees what it wrote.
    """

    def read(self, release: str, type_name: str, logical_id: str) -> StoredVersion | None:
        """The current version, a deletion included; None when the id was never used."""

    def vread(self, release: str, type_name: str, logical_id: str, version_id: int) -> StoredVersion | None:
        """That version, a deletion included; None when there is no such version."""

    def search(self, release: str, query: Query) -> Page:
        """The page of current, undeleted resources that satisfy the query, in a stable order."""

    def presuming(self) -> AbstractContextManager[None]:
        """A block that only reads and may be repeated: Contended when definitions changed as it began.

        What is told of them in it may be what they were last, until its first look into the store tells.
        """

    def indexed_uris(self, release: str, parameter: Key, prefix: str, limit: int) -> Sequence[str]:
        """The different values of a search parameter of URIs that start so, in order, at most so many."""

    def history(self, release: str, scope: HistoryScope) -> HistoryPage:
        """Versions, deletions included, newest first."""

    def change_token(self) -> object:
        """A value that differs from an earlier one, got by the same thread, whenever a commit came between.

        None in a transaction: what it sees may still be undone.
        """

    def write(self) -> AbstractContextManager[WritableResources]:
        """A transaction, committed as a whole at the end of the block; inside one, the same transaction."""


class WritableResources(Resources, Protocol):
    """One transaction: its `read` locks the resource against other writers until the end."""

    def lock(self, *names: str) -> None:
        """Hold the locks of these names among all writers until the end; for what has no row yet."""

    def owner(self, release: str, type_name: str, logical_id: str) -> Owner | None:
        """The package that owns the resource, if one does."""

    def put(self, release: str, version: StoredVersion, rows: Iterable[IndexRow]) -> None:
        """Make this the current version: the first one of an id never used, or one after what was read."""


class Store(Resources, Protocol):
    """Resources with what the process around them needs."""

    def search_parameters(self, built: Mapping[str, SearchParameters]) -> Mapping[str, SearchParameters]:
        """These, by release name, and what clients define in this store; always as it is now."""

    def settled(self, now: Callable[[], int]) -> int:
        """A moment up to which all is committed: whatever is written from now on has a later last update."""

    def as_of(
        self, release: str, type_name: str, at: int, *, since: int, after: int, count: int
    ) -> Sequence[tuple[int, StoredVersion]]:
        """The versions that were current at that moment, with their places in a stable order.

        Deletions are among them. Only those after the place `after`, and updated later than `since`.
        """

    def watch(self) -> object:
        """A value that differs from an earlier one when a commit came between, whichever thread asks.

        What other instances commit may be seen a tenth of a second late.
        """

    def watched(self) -> object | None:
        """What `watch` would answer, where nobody has to be asked or waited for; otherwise None."""

    def hindrance(self) -> str | None:
        """Why requests cannot be answered now: there is no database, or its index is not built yet."""

    def close(self) -> None:
        """Close this thread's connections and the pool behind them."""
