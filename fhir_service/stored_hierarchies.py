"""Resources of the store that are above or below others of their type, as search asks for them.

https://hl7.org/fhir/R4/search.html#recursive

Each level is one search: downwards along the index of the hierarchy's parameter, upwards through the
resources that are at the level. What was met before is not followed again, so that a circle ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from fhir_service.errors import NotSupported
from fhir_service.formats import fhir_json
from fhir_service.search.hierarchies import Hierarchy
from fhir_service.search.param_types import Place, reference
from fhir_service.search.predicates import Compare, Indexed, Own
from fhir_service.search.query import Query
from fhir_service.store.contract import Resources

# How many resources one value of a search may stand for, itself among them.
MAXIMUM_FOUND = 1_000


class StoredHierarchies:
    """The hierarchies of one release in a store; `readable` are the types that may be looked through."""

    def __init__(self, store: Resources, release: str, readable: frozenset[str]) -> None:
        self._store = store
        self._release = release
        self.readable = readable

    def below(self, start: Place, hierarchy: Hierarchy) -> Sequence[Place]:
        return _follow(start, lambda level: self._children(level, hierarchy), "below")

    def above(self, start: Place, hierarchy: Hierarchy) -> Sequence[Place]:
        return _follow(start, lambda level: self._parents(level, hierarchy), "above")

    def _children(self, level: Sequence[Place], hierarchy: Hierarchy) -> Iterator[Place]:
        # Only the start may be a URL, so that a level is all of one kind.
        tests = (
            Compare("target", "in", tuple(target for target, _ in level)),
            Compare("target_type", "eq", level[0][1]),
        )
        # They all belong to what is found, so that one more than the limit is reason enough to give up.
        query = Query(
            hierarchy.type_name, Indexed("reference", hierarchy.key, tests), count=MAXIMUM_FOUND + 1
        )
        for one in self._store.search(self._release, query).matches:
            yield one.logical_id, one.type_name

    def _parents(self, level: Sequence[Place], hierarchy: Hierarchy) -> Iterator[Place]:
        """Those too that are elsewhere or not there, where the way ends: something may refer to them."""
        ids = tuple(target for target, type_name in level if type_name)
        if not ids:
            return
        query = Query(hierarchy.type_name, Own((Compare("logical_id", "in", ids),)), count=len(ids))
        for one in self._store.search(self._release, query).matches:
            for place in _named_in(fhir_json.parse(one.body or b"{}").get(hierarchy.element)):
                if place[1] == hierarchy.type_name or _is_elsewhere(place, hierarchy.type_name):
                    yield place


def _follow(start: Place, step: Callable[[Sequence[Place]], Iterable[Place]], way: str) -> Sequence[Place]:
    found = {start: None}
    level: Sequence[Place] = (start,)
    while level:
        level = [place for place in dict.fromkeys(step(level)) if place not in found]
        found.update(dict.fromkeys(level))
        if len(found) > MAXIMUM_FOUND:
            name = "/".join(filter(None, reversed(start)))
            raise NotSupported(
                f"More than {MAXIMUM_FOUND} resources are {way} `{name}`: name one with fewer",
                issue_code="too-costly",
            )
    return list(found)


def _named_in(value: object) -> Iterator[Place]:
    for one in value if isinstance(value, list) else [value]:
        for target, type_name, _ in reference.rows("Reference", one):
            yield str(target), str(type_name)


def _is_elsewhere(place: Place, type_name: str) -> bool:
    """Whether it is a resource of that type by its URL; some hierarchies lead to other types as well."""
    return not place[1] and f"/{type_name}/" in place[0]
