"""Which members of a resource its search parameters look at: only what is there is looked at.

https://hl7.org/fhir/R4/json.html

The resources of a type have few sets of members, so what there is to do is worked out once for each set. What
a coded element comes to is told by it alone, and the same codes come again and again: that is kept, too.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from fhir_service.fhir.path import compile_path

if TYPE_CHECKING:
    from fhir_service.search.definitions import SearchParameter, SearchParameters
    from fhir_service.search.index import IndexRow

K = TypeVar("K")
V = TypeVar("V")

_COMING_AGAIN = frozenset(("boolean", "code", "Coding", "CodeableConcept", "Meta"))

# So many of each kind are kept, and elements of so many bytes: a worker's memory stays flat.
_MOST = 4_096
_LONGEST = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Search parameters that look at the same members of a resource.

    `member` is the only one of them, where it alone tells what they find and is likely to come again.
    """

    parameters: tuple[SearchParameter, ...]
    member: str | None


Key: TypeAlias = tuple[Look, bytes]


class Looks:
    """What the search parameters of a release look at, and what they found lately."""

    def __init__(self, parameters: SearchParameters) -> None:
        self._parameters = parameters
        self._by_members: dict[tuple[str, ...], tuple[Look, ...]] = {}
        self._looks: dict[tuple[str, ...], Look] = {}
        self._rows: dict[Key, list[IndexRow]] = {}

    def of(self, resource: Mapping[str, Any]) -> tuple[Look, ...]:
        """What there is to look at."""
        members = (resource["resourceType"], *resource)
        found = self._by_members.get(members)
        if found is None:
            found = tuple(self._made(*members))
            _keep(self._by_members, members, found)
        return found

    def key(self, look: Look, resource: Mapping[str, Any]) -> Key | None:
        """What stands for all that the look depends on; None where it is not worth keeping."""
        if look.member is None:
            return None
        try:
            # In the second version of its format equal values are written alike.
            written = marshal.dumps(resource[look.member], 2)
        except ValueError:  # it holds a decimal
            return None
        return (look, written) if len(written) <= _LONGEST else None

    def kept(self, key: Key) -> list[IndexRow] | None:
        return self._rows.get(key)

    def keep(self, key: Key, rows: list[IndexRow]) -> None:
        _keep(self._rows, key, rows)

    def _made(self, type_name: str, *members: str) -> Iterator[Look]:
        names = frozenset(members)
        groups: dict[frozenset[str], list[SearchParameter]] = {}
        for parameter in self._parameters.evaluated(type_name):
            beginnings = parameter.path.beginnings
            present = names if beginnings is None else names & beginnings
            if present and not self._lacks_a_part(parameter, names):
                groups.setdefault(present, []).append(parameter)
        for present, group in groups.items():
            look = Look(tuple(group), self._member(type_name, present, group))
            if look.member is not None:  # the same look whatever else is there, since rows are kept under it
                look = self._looks.setdefault((type_name, look.member, *(one.code for one in group)), look)
            yield look

    def _lacks_a_part(self, parameter: SearchParameter, names: frozenset[str]) -> bool:
        """Whether it is a composite of members of the resource alone, of which one is not there."""
        if parameter.type != "composite" or not parameter.path.gives_itself_alone(names):
            return False
        parts = (self._parameters.component(parameter, n) for n in range(len(parameter.components)))
        paths = (compile_path(part.expression, part.type_name, part.release) for part in parts)
        return any(path.beginnings is not None and path.beginnings.isdisjoint(names) for path in paths)

    def _member(self, type_name: str, present: frozenset[str], group: list[SearchParameter]) -> str | None:
        if len(present) > 1 or any(one.type == "composite" or "%" in one.expression for one in group):
            return None
        (member,) = present
        elements = self._parameters.release.type_definition(type_name).elements.values()
        types = {name: kind for element in elements for name, kind in element.json_names}
        return member if types.get(member) in _COMING_AGAIN else None


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    if len(kept) >= _MOST:
        kept.clear()
    kept[key] = value
