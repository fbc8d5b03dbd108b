"""What a search asks for, as a small tree of plain values: no SQL, no store.

A leaf tests rows of one index table; the store joins leaves on the resource that owns the rows.

    Everything | Nothing
    And | Or | Not
    Refers     some reference of the resource leads to a resource that satisfies a predicate (chain)
    Referred   some resource that satisfies a predicate refers to this one (reverse chain)
    Own        a column of the resource itself: logical id, last update
    Indexed    some row of an index table under one search parameter passes all the tests
    TextMatch  words of the narrative, or of the whole resource
    Together   as Indexed, for several tables, the rows coming from one and the same element (composite)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = str | int | float


@dataclass(frozen=True, slots=True)
class Compare:
    """`column operator value`; the operators are eq, lt, le, gt, ge, like, contains and, with a tuple, in."""

    column: str
    operator: str
    value: Value | tuple[Value, ...]


_LIKE_SPECIAL = re.compile(r"[!%_]")


def pattern(text: str) -> str:
    """The text as it stands in a LIKE pattern whose escape character is `!`."""
    return _LIKE_SPECIAL.sub(r"!\g<0>", text)


def like(column: str, before: str, text: str, after: str) -> Compare:
    """The column holds the text, with a wildcard (%) or nothing before and after it."""
    return Compare(column, "like", before + pattern(text) + after)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these groups of tests holds, each as a whole."""

    groups: tuple[tuple[Compare, ...], ...]


Condition: TypeAlias = Compare | AnyOf


def contained_text(tests: Iterable[Condition]) -> str | None:
    """The text that must stand anywhere in a value, if the tests ask for one: in one column, or in either."""
    for test in tests:
        alternatives = (test,) if isinstance(test, Compare) else (one for (one, *_) in test.groups)
        texts = {str(one.value) if one.operator == "contains" else None for one in alternatives}
        if len(texts) == 1 and (text := texts.pop()) is not None:
            return text
    return None


Key: TypeAlias = tuple[str, str]
"""What rows are kept under: a resource type and a search parameter's code, with a suffix where one
parameter is indexed in several ways (`identifier:of-type`, `context-type-value$1`)."""


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
    """`table` is a search parameter type's name; without tests, any row of the parameter will do."""

    table: str
    parameter: Key
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


@dataclass(frozen=True, slots=True)
class Refers:
    """A reference under `parameter` to a resource of type `target` for which `item` holds.

    With `canonical`, the key of the target's own `url`, the reference may be a canonical one: with a version
    it leads to that version only.
    """

    parameter: Key
    target: str
    item: Predicate
    canonical: Key | None = None


@dataclass(frozen=True, slots=True)
class Referred:
    """A resource of type `source`, for which `item` holds, refers under `parameter` to this `target`.

    `canonical` is as in Refers.
    """

    source: str
    parameter: Key
    target: str
    item: Predicate
    canonical: Key | None = None


@dataclass(frozen=True, slots=True)
class TextMatch:
    """Words of the full text: of any of the groups every phrase (words in this order) is in the column."""

    column: str
    type_name: str
    groups: tuple[tuple[tuple[str, ...], ...], ...]


Predicate: TypeAlias = (
    Everything | Nothing | Own | Indexed | Together | And | Or | Not | Refers | Referred | TextMatch
)


def all_of(items: Iterable[Predicate]) -> Predicate:
    """The conjunction, simplified: nothing beats all, everything adds nothing, one within is no level."""
    within = (item.items if isinstance(item, And) else (item,) for item in items)
    parts = [item for several in within for item in several if not isinstance(item, Everything)]
    if len(parts) == 1:
        return parts[0]
    if any(isinstance(item, Nothing) for item in parts):
        return Nothing()
    return And(tuple(parts)) if parts else Everything()


def any_of(items: Iterable[Predicate]) -> Predicate:
    """The disjunction, simplified."""
    parts = [item for item in items if not isinstance(item, Nothing)]
    if len(parts) == 1:
        return parts[0]
    parts = [*dict.fromkeys(parts)]
    if any(isinstance(item, Everything) for item in parts):
        return Everything()
    if not parts:
        return Nothing()
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def keys(predicate: Predicate) -> frozenset[Key]:
    """Everything under which the predicate looks for rows."""
    match predicate:
        case Indexed(_, parameter, _):
            return frozenset((parameter,))
        case Together(parts):
            return frozenset(part.parameter for part in parts)
        case And(items) | Or(items):
            return frozenset().union(*(keys(item) for item in items))
        case Not(item):
            return keys(item)
        case Refers(parameter, _, item, canonical):
            return frozenset((parameter, *filter(None, (canonical,)))) | keys(item)
        case Referred(_, parameter, _, item, canonical):
            return frozenset((parameter, *filter(None, (canonical,)))) | keys(item)
        case _:
            return frozenset()


def listed_values(predicate: Predicate) -> int:
    """How many values the predicate lists in all: each is a parameter of a statement."""
    match predicate:
        case And(items) | Or(items):
            return sum(map(listed_values, items))
        case Not(item) | Refers(_, _, item) | Referred(_, _, _, item):
            return listed_values(item)
        case Together(parts):
            return sum(map(listed_values, parts))
        case Indexed(_, _, tests) | Own(tests):
            return _listed(tests)
        case _:
            return 0


def _listed(tests: Iterable[Condition]) -> int:
    return sum(
        sum(map(_listed, test.groups))
        if isinstance(test, AnyOf)
        else len(test.value)
        if isinstance(test.value, tuple)
        else 1
        for test in tests
    )
