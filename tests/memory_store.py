"""A store for tests of the layers above it: a dictionary, with the store's promises and no index."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from fhir_service.exchange import Services
from fhir_service.interactions import switched
from fhir_service.releases import RELEASES
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.paging import Cursor, encode_cursor
from fhir_service.search.predicates import And, Compare, Everything, Key, Not, Nothing, Or, Own, Predicate
from fhir_service.search.query import Query
from fhir_service.served_types import served_types
from fhir_service.settings import Settings
from fhir_service.store.contract import HistoryPage, HistoryScope, Page, StoredVersion, WritableResources

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
}


class MemoryStore:
    """Resources by release, type and id, each a list of versions; it has no index."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, str, str], list[StoredVersion]] = {}
        self.ready = True

    def put(self, release: str, resource: dict[str, Any], last_updated: int) -> None:
        body = json.dumps(resource, separators=(",", ":")).encode()
        self._add(release, resource["resourceType"], resource["id"], last_updated, body)

    def delete(self, release: str, type_name: str, logical_id: str, last_updated: int) -> None:
        self._add(release, type_name, logical_id, last_updated, None)

    def _add(
        self, release: str, type_name: str, logical_id: str, last_updated: int, body: bytes | None
    ) -> None:
        known = self.versions.setdefault((release, type_name, logical_id), [])
        known.append(StoredVersion(type_name, logical_id, len(known) + 1, last_updated, body))

    def read(self, release: str, type_name: str, logical_id: str) -> StoredVersion | None:
        known = self.versions.get((release, type_name, logical_id))
        return known[-1] if known else None

    def vread(self, release: str, type_name: str, logical_id: str, version_id: int) -> StoredVersion | None:
        known = self.versions.get((release, type_name, logical_id), [])
        return known[version_id - 1] if version_id <= len(known) else None

    def search(self, release: str, query: Query) -> Page:
        current = [
            known[-1]
            for (of, type_name, _), known in self.versions.items()
            if of == release and type_name == query.type_name and not known[-1].is_deleted
        ]
        found = [version for version in current if satisfies(version, query.predicate)]
        start = int(str(query.cursor.position[0])) if query.cursor else 0
        end = start + query.count
        more = end < len(found)
        return Page(
            found[start:end],
            encode_cursor(Cursor(0, (end,))) if more else None,
            None if more or start else len(found),
        )

    def history(self, release: str, scope: HistoryScope) -> HistoryPage:
        raise NotImplementedError("use the real store")

    def presuming(self) -> AbstractContextManager[None]:
        return nullcontext()

    def write(self) -> AbstractContextManager[WritableResources]:
        raise NotImplementedError("use the real store")

    def indexed_uris(self, release: str, parameter: Key, prefix: str, limit: int) -> list[str]:
        raise NotImplementedError("use the real store")

    def settled(self, now: Callable[[], int]) -> int:
        return now()

    def as_of(
        self, release: str, type_name: str, at: int, *, since: int, after: int, count: int
    ) -> list[tuple[int, StoredVersion]]:
        raise NotImplementedError("use the real store")

    def change_token(self) -> object:
        return sum(map(len, self.versions.values()))

    def watch(self) -> object:
        return self.change_token()

    def watched(self) -> object:
        return self.change_token()

    def search_parameters(self, built: Mapping[str, SearchParameters]) -> Mapping[str, SearchParameters]:
        return built

    def hindrance(self) -> str | None:
        return None if self.ready else "the database does not answer"

    def close(self) -> None:
        pass


def satisfies(version: StoredVersion, predicate: Predicate) -> bool:
    match predicate:
        case Everything():
            return True
        case Nothing():
            return False
        case And(items):
            return all(satisfies(version, item) for item in items)
        case Or(items):
            return any(satisfies(version, item) for item in items)
        case Not(item):
            return not satisfies(version, item)
        case Own(tests):
            return all(_passes(version, test) for test in tests)
    raise NotImplementedError(f"{predicate}: this store has no index; use the real one")


def _passes(version: StoredVersion, test: Compare) -> bool:
    return _OPERATORS[test.operator](getattr(version, test.column), test.value)


def services_over(store: MemoryStore) -> Services:
    """What interactions work with, wired as `create_app` does but for the content's own parameters."""
    interactions, switched_off = switched("off")
    return Services(
        settings=Settings(),
        store=store,
        interactions=interactions,
        switched_off=switched_off,
        types={name: served_types(release, "content") for name, release in RELEASES.items()},
        search_parameters={name: SearchParameters(release) for name, release in RELEASES.items()},
        now=lambda: 0,
    )
