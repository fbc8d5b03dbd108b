"""What a search asks for, as a small tree of plain values: no SQL, no store.

A leaf tests rows of one index table; the store joins leaves on the resource that owns the rows.

    Everything | Nothing
    And | Or | Not
    Own        a column of the resource itself: logical id, last update
    Indexed    some row of an index table under one search parameter passes all the tests
    Together   as Indexed, for several tables, the rows coming from one and the same element (composite)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = str | int | float


@dataclass(frozen=True, slots=True)
class Compare:
    """`column operator value`; the operators are eq, lt, le, gt, ge and, with a tuple of values, in."""

    column: str
    operator: str
    value: Value | tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these groups of tests holds, each as a whole."""

    groups: tuple[tuple[Compare, ...], ...]


Condition: TypeAlias = Compare | AnyOf


@dataclass(frozen=True, slots=True)
class Everything:
    pass


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


@dataclass(frozen=True, slots=True)
class Own:
    """Tests of the resource's own columns: `logical_id`, `last_updated`."""

    tests: tuple[Compare, ...]


@dataclass(frozen=True, slots=True)
class Indexed:
    """`table` is a search parameter type's name; `parameter` the code under which its rows are kept."""

    table: str
    parameter: str
    tests: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Together:
    parts: tuple[Indexed, ...]


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: Predicate


Predicate: TypeAlias = Everything | Nothing | Own | Indexed | Together | And | Or | Not


def all_of(items: Iterable[Predicate]) -> Predicate:
    """The conjunction, simplified: nothing beats all, everything adds nothing."""
    parts = tuple(item for item in items if not isinstance(item, Everything))
    if any(isinstance(item, Nothing) for item in parts):
        return Nothing()
    if not parts:
        return Everything()
    return parts[0] if len(parts) == 1 else And(parts)


def any_of(items: Iterable[Predicate]) -> Predicate:
    """The disjunction, simplified."""
    parts = tuple(dict.fromkeys(item for item in items if not isinstance(item, Nothing)))
    if any(isinstance(item, Everything) for item in parts):
        return Everything()
    if not parts:
        return Nothing()
    return parts[0] if len(parts) == 1 else Or(parts)


def codes(predicate: Predicate) -> frozenset[str]:
    """The codes of all search parameters that the predicate tests."""
    match predicate:
        case Indexed(_, parameter, _):
            return frozenset((parameter,))
        case Together(parts):
            return frozenset(part.parameter for part in parts)
        case And(items) | Or(items):
            return frozenset().union(*(codes(item) for item in items))
        case Not(item):
            return codes(item)
        case _:
            return frozenset()
