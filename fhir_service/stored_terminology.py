"""Code systems, value sets and concept maps of the store, as terminology asks for them.

https://hl7.org/fhir/R4/references.html#canonical

Compiled forms are kept by (release, type, id, version id), so that what changes in the store is seen at once.
Which resource a canonical means is asked once and remembered until the store's change token is another; what
was worked out from several resources, until one of them is another. Inside a transaction nothing is
remembered beyond it: what it sees may still be undone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from fhir_service.fhir.canonicals import latest_order
from fhir_service.formats import fhir_json
from fhir_service.search.keys import exact_key
from fhir_service.search.paging import decode_cursor
from fhir_service.search.predicates import Compare, Everything, Indexed, Predicate
from fhir_service.search.query import Query
from fhir_service.store.contract import Resources, StoredVersion
from fhir_service.terminology.code_system import CodeSystem, compile_code_system
from fhir_service.terminology.concept_map import ConceptMap, compile_concept_map
from fhir_service.terminology.memory import Memory
from fhir_service.terminology.value_set import ValueSet, compile_value_set

Kept = TypeVar("Kept")
Key = tuple[str, str, str, int, int]
"""Release, type, logical id, version id, last update: one version of one resource."""

Asked = tuple[str, str, str, str | None]
"""Release, type, URL, version."""

# Of one URL there are a few versions, and few maps lead from one system; more are not looked through.
_MOST_FOUND = 200

# How many canonicals a thread remembers the resources of.
_MOST_REMEMBERED = 5_000

_COMPILERS: dict[str, tuple[Callable[[dict[str, Any], str], Any], Callable[[Any], int]]] = {
    "CodeSystem": (compile_code_system, lambda made: len(made.concepts)),
    "ValueSet": (
        compile_value_set,
        lambda made: sum(len(one.concepts or ()) for one in (*made.includes, *made.excludes)),
    ),
    "ConceptMap": (compile_concept_map, lambda made: made.size),
}


@dataclass
class _Known:
    """What one thread knows of the store as it was under this change token."""

    token: object = None
    keys: dict[Asked, Key | None] = field(default_factory=dict)
    maps: dict[tuple[str, str, bool], tuple[Key, ...]] = field(default_factory=dict)
    holding: set[Hashable] = field(default_factory=set)
    """Keys of what was worked out and has been found to hold still."""


class Remembered:
    """What all requests of a process share: compiled forms, and for each thread what it asked the store.

    SQLite's change token means something to one connection only, so each thread has its own.
    """

    def __init__(self) -> None:
        self.memory = Memory()
        self._local = threading.local()

    def known(self, token: object) -> _Known:
        known: _Known | None = getattr(self._local, "known", None)
        if known is None or known.token != token or len(known.keys) > _MOST_REMEMBERED:
            known = self._local.known = _Known(token)
        return known


@dataclass
class _Worked:
    """Something worked out, and the answers of the store that it rests on."""

    value: Any
    rests_on: dict[Asked, Key | None]


class StoredTerminology:
    """The terminology of one release in a store, for one request; `readable` are the types it may read."""

    def __init__(
        self,
        store: Resources,
        release: str,
        readable: frozenset[str],
        remembered: Remembered | None = None,
    ) -> None:
        self._store = store
        self._release = release
        self._readable = readable
        self._remembered = remembered
        self._watching: list[dict[Asked, Key | None]] = []

    @cached_property
    def _state(self) -> tuple[Memory, _Known]:
        """What is shared with other requests; asked for once, as most searches need no terminology."""
        # The token comes first: what is read after it is at least as new.
        token = self._store.change_token()
        remembered = self._remembered
        if token is None or remembered is None:
            remembered = Remembered()
        return remembered.memory, remembered.known(token)

    @property
    def _memory(self) -> Memory:
        return self._state[0]

    @property
    def _known(self) -> _Known:
        return self._state[1]

    # The resolver

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        found: CodeSystem | None = self._canonical("CodeSystem", url, version)
        return found

    def value_set(self, url: str, version: str | None = None) -> ValueSet | None:
        found: ValueSet | None = self._canonical("ValueSet", url, version)
        return found

    def concept_map(self, url: str, version: str | None = None) -> ConceptMap | None:
        found: ConceptMap | None = self._canonical("ConceptMap", url, version)
        return found

    def concept_maps(self, system: str, *, as_target: bool) -> Sequence[ConceptMap]:
        """Those with a group from (or to) the code system that are not retired, of each URL the latest."""
        if "ConceptMap" not in self._readable:
            return ()
        asked = (self._release, system, as_target)
        keys = self._known.maps.get(asked)
        if keys is None:
            latest: dict[str, ConceptMap] = {}
            by_key: dict[str, Key] = {}
            for key, one in self._maps_of(system, as_target):
                held = latest.get(one.url or one.key)
                if one.status != "retired" and (held is None or _map_order(held) < _map_order(one)):
                    latest[one.url or one.key] = one
                    by_key[one.url or one.key] = key
            keys = self._known.maps[asked] = tuple(by_key.values())
        return [one for key in keys if (one := self._compiled(key, None)) is not None]

    def code_systems(self) -> dict[str, list[CodeSystem]]:
        """Every version of every code system, by URL; the one that is meant without a version comes last."""
        found: dict[str, list[CodeSystem]] = {}
        for one in self._everything("CodeSystem"):
            compiled: CodeSystem | None = self._compiled(self._key_of(one), one)
            if compiled is not None and compiled.url:
                found.setdefault(compiled.url, []).append(compiled)
        for versions in found.values():
            versions.sort(key=lambda one: latest_order(*self._standing(one)))
        return dict(sorted(found.items()))

    def kept(self, key: Hashable, weight: Callable[[Kept], int], make: Callable[[], Kept]) -> Kept:
        """What `make` makes, or made before from resources that are still the same."""
        key = (self._release, self._readable, key)
        worked: _Worked | None = self._memory.get(key)
        if worked is None or not self._holds(key, worked):
            self._watching.append({})
            try:
                made = make()
            finally:
                rests_on = self._watching.pop()
            worked = _Worked(made, rests_on)
            self._memory.put(key, weight(made), worked)
            self._known.holding.add(key)
        self._note(worked.rests_on)
        value: Kept = worked.value
        return value

    def _holds(self, key: Hashable, worked: _Worked) -> bool:
        if key in self._known.holding:
            return True
        holds = all(self._key(asked) == found for asked, found in worked.rests_on.items())
        if holds:
            self._known.holding.add(key)
        return holds

    def _note(self, answers: dict[Asked, Key | None]) -> None:
        if self._watching:
            self._watching[-1].update(answers)

    # Resources

    def read(self, type_name: str, logical_id: str) -> Any:
        """The compiled form of the resource with this id; None when there is none."""
        if type_name not in self._readable:
            return None
        found = self._store.read(self._release, type_name, logical_id)
        return None if found is None or found.is_deleted else self._compiled(self._key_of(found), found)

    def read_value_set(self, logical_id: str) -> ValueSet | None:
        found: ValueSet | None = self.read("ValueSet", logical_id)
        return found

    def _canonical(self, type_name: str, url: str, version: str | None) -> Any:
        asked = (self._release, type_name, url, version)
        key = self._key(asked)
        self._note({asked: key})
        return None if key is None else self._compiled(key, None)

    def _key(self, asked: Asked) -> Key | None:
        """The version of the resource that a canonical means now."""
        if asked[1] not in self._readable:
            return None
        keys = self._known.keys
        if asked not in keys:
            keys[asked] = self._find(asked)
        return keys[asked]

    def _find(self, asked: Asked) -> Key | None:
        _, type_name, url, version = asked
        if not url:
            return None
        by_url = Indexed("uri", (type_name, "url"), (Compare("uri", "eq", exact_key(url)),))
        best: tuple[Any, Key] | None = None
        for found in self._search(type_name, by_url):
            key = self._key_of(found)
            one = self._compiled(key, found)
            if one is None or one.url != url or version not in (None, one.version):
                continue
            order = latest_order(*self._standing(one))
            if best is None or best[0] < order:
                best = order, key
        return best[1] if best else None

    @staticmethod
    def _standing(one: Any) -> tuple[str | None, str | None, str | None]:
        resource = one.resource if isinstance(one, ValueSet) else {}
        return (
            resource.get("status", getattr(one, "status", None)),
            one.version,
            resource.get("date", getattr(one, "date", None)),
        )

    def _maps_of(self, system: str, as_target: bool) -> Iterator[tuple[Key, ConceptMap]]:
        end = "target" if as_target else "source"
        if self._release == "r5":
            tests = (Compare("target", "eq", exact_key(system)), Compare("target_type", "eq", ""))
            by_system = Indexed("reference", ("ConceptMap", f"{end}-group-system"), tests)
        else:
            test = Compare("uri", "eq", exact_key(system))
            by_system = Indexed("uri", ("ConceptMap", f"{end}-system"), (test,))
        for found in self._search("ConceptMap", by_system):
            key = self._key_of(found)
            one = self._compiled(key, found)
            if one is not None:
                yield key, one

    def _search(self, type_name: str, predicate: Predicate) -> Sequence[StoredVersion]:
        query = Query(type_name, predicate, count=_MOST_FOUND)
        return self._store.search(self._release, query).matches

    def _everything(self, type_name: str) -> Iterator[StoredVersion]:
        query = Query(type_name, Everything(), count=_MOST_FOUND)
        while True:
            page = self._store.search(self._release, query)
            yield from page.matches
            if page.next_cursor is None:
                return
            query = replace(query, cursor=decode_cursor(page.next_cursor))

    def _key_of(self, found: StoredVersion) -> Key:
        return (self._release, found.type_name, found.logical_id, found.version_id, found.last_updated)

    def _compiled(self, key: Key, found: StoredVersion | None) -> Any:
        """The compiled form of that version; it is read again where it was dropped from memory."""
        one = self._memory.get(key)
        if one is None:
            _, type_name, logical_id, version_id, _ = key
            found = found or self._store.vread(self._release, type_name, logical_id, version_id)
            if found is None or found.body is None:
                return None
            make, weight = _COMPILERS[type_name]
            one = make(fhir_json.parse(found.body), "/".join(map(str, key)))
            self._memory.put(key, weight(one), one)
        return one


def _map_order(one: ConceptMap) -> Any:
    return latest_order(one.status, one.version, None)
