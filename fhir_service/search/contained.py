"""Contained resources: searched as a type of their own, `#Medication`, apart from all others.

https://hl7.org/fhir/R4/search.html#contained

The id of a contained resource is its place, `MedicationRequest/23#m1`. So no plain search meets one, a chain
leads into one as into any resource, and a search of contained resources is a search of that type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from fhir_service.search.predicates import (
    And,
    Compare,
    Indexed,
    Key,
    Not,
    Or,
    Own,
    Predicate,
    Referred,
    Refers,
    TextMatch,
    Together,
    all_of,
    any_of,
)

MARK = "#"

# The code under which a container's references to what it contains are indexed.
HOLDS = "_contained"


class Held(NamedTuple):
    """A resource within another one, by its type and its own id."""

    type_name: str
    logical_id: str


@dataclass(frozen=True, slots=True)
class Container:
    """A resource that may hold others: where it stands, and the types of what it holds, by id."""

    type_name: str
    logical_id: str
    held: Mapping[str, str]

    def place(self, logical_id: str) -> str:
        return f"{self.type_name}/{self.logical_id}{MARK}{logical_id}"

    def target(self, fragment: str) -> tuple[str, str] | None:
        """The id and the type that a reference within the container leads to; `#` alone is the container."""
        logical_id = fragment.removeprefix(MARK)
        if not logical_id:
            return self.logical_id, self.type_name
        type_name = self.held.get(logical_id)
        return (self.place(logical_id), MARK + type_name) if type_name else None


def contained_in(resource: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those that can be named: a type and an id."""
    return [held for held in resource.get("contained", ()) if held.get("id") and held.get("resourceType")]


def of_contained(predicate: Predicate, type_name: str) -> Predicate:
    """What is asked of resources of a type, asked of contained ones."""
    match predicate:
        case And(items):
            return all_of(of_contained(item, type_name) for item in items)
        case Or(items):
            return any_of(of_contained(item, type_name) for item in items)
        case Not(item):
            return Not(of_contained(item, type_name))
        case Own((Compare("logical_id", "eq", str(logical_id)),)):
            return Indexed("token", (MARK + type_name, "_id"), (Compare("code", "eq", logical_id),))
        case Indexed() | Refers():
            return replace(predicate, parameter=_key(predicate.parameter))
        case Together(parts):
            return Together(tuple(replace(part, parameter=_key(part.parameter)) for part in parts))
        case Referred():
            return replace(predicate, target=MARK + predicate.target)
        case TextMatch():
            return replace(predicate, type_name=MARK + type_name)
        case _:
            return predicate


def _key(key: Key) -> Key:
    return MARK + key[0], key[1]


def holds(container: str, type_name: str, predicate: Predicate) -> Predicate:
    """The resource of type `container` holds one of the type for which the predicate holds."""
    return Refers((container, HOLDS), MARK + type_name, of_contained(predicate, type_name))


def is_within(containers: Iterable[str]) -> Predicate:
    """The contained resource is held by one of these types."""
    # After a slash in code point order comes 0.
    return any_of(
        Own((Compare("logical_id", "ge", f"{name}/"), Compare("logical_id", "lt", f"{name}0")))
        for name in sorted(containers)
    )
