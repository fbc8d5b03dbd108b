"""What is read from a relational database, inside a transaction and outside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from fhir_service.search.keys import after_prefix
from fhir_service.search.predicates import Indexed, Key, keys
from fhir_service.search.query import Query
from fhir_service.store import snapshot, sql
from fhir_service.store.contract import HistoryPage, HistoryScope, Page, StoredVersion
from fhir_service.store.searching import Searcher
from fhir_service.store.sql import Names, Sql
from fhir_service.store.versions import history

_NEWEST = "SELECT (SELECT max(number) FROM type), (SELECT max(number) FROM search_parameter)"


class Reading(ABC):
    """The reading side of a store; who inherits says on which connection a statement runs."""

    def __init__(self) -> None:
        self._numbers: dict[str, Names] = {}
        self._newest: dict[str, list[tuple[Any, ...]]] = {}

    @abstractmethod
    def _rows(self, statement: Sql) -> list[tuple[Any, ...]]:
        """Run a statement, written with `?`."""

    def _length(self, statement: Sql) -> int:
        """What a statement counts, by which a walk is chosen."""
        length: int = self._rows(statement)[0][0]
        return length

    def presuming(self) -> AbstractContextManager[None]:
        return nullcontext()

    def read(self, release: str, type_name: str, logical_id: str) -> StoredVersion | None:
        return self._version(sql.READ, release, type_name, logical_id)

    def vread(self, release: str, type_name: str, logical_id: str, version_id: int) -> StoredVersion | None:
        return self._version(sql.VREAD, release, type_name, logical_id, version_id)

    def search(self, release: str, query: Query) -> Page:
        return Searcher(self._rows, self._names(release, query), self._length).page(query)

    def indexed_uris(self, release: str, parameter: Key, prefix: str, limit: int) -> list[str]:
        names = self._names(release, Query(parameter[0], Indexed("uri", parameter, ())))
        number = names.parameters.get(parameter)
        found: list[str] = []
        while number is not None and len(found) < limit:
            after = found[-1] if found else prefix
            (following,) = self._rows(Sql(sql.NEXT_URI, [number, after, after_prefix(prefix)]))[0]
            if following is None:
                break
            found.append(following)
        return found

    def history(self, release: str, scope: HistoryScope) -> HistoryPage:
        names = self._names_of(release)
        if scope.type_name is not None and scope.type_name not in names.types:
            names = self._reload(release)
        return history(self._rows, names, scope)

    def as_of(
        self, release: str, type_name: str, at: int, *, since: int, after: int, count: int
    ) -> list[tuple[int, StoredVersion]]:
        number = self._number_of(release, type_name)
        if number is None:
            return []
        return snapshot.as_of(self._rows, number, type_name, at, since=since, after=after, count=count)

    def _version(self, text: str, release: str, type_name: str, *key: str | int) -> StoredVersion | None:
        type_number = self._number_of(release, type_name)
        if type_number is None:
            return None
        rows = self._rows(Sql(text, [type_number, *key]))
        return StoredVersion(type_name, str(key[0]), *rows[0]) if rows else None

    # Numbers of types and search parameters

    def _number_of(self, release: str, type_name: str) -> int | None:
        number = self._names_of(release).types.get(type_name)
        return number if number is not None else self._reload(release).types.get(type_name)

    def _names(self, release: str, query: Query) -> Names:
        """A number is given when something is first written, perhaps by another process, and for good."""
        names = self._names_of(release)
        wanted = keys(query.predicate) | {key.parameter for key in query.sort}
        wanted |= {one.parameter for one in query.includes}
        if query.type_name in names.types and wanted <= names.parameters.keys():
            return names
        # Most often nobody has written such a thing yet: then nothing new has a number.
        newest = self._rows(Sql(_NEWEST, []))
        if self._newest.get(release) != newest:
            self._newest[release] = newest
            names = self._reload(release)
        return names

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
