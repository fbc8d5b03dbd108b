"""Filtering, projection, subsetting, combining and tree navigation.

https://hl7.org/fhirpath/N1/#filtering-and-projection, #subsetting, #combining, #tree-navigation
"""

from __future__ import annotations

from .. import navigation
from ..errors import EvaluationError
from ..runtime import EMPTY, Environment, Items, Run, boolean, integer
from ..values import distinct, equal


def where(environment: Environment, items: Items, criteria: Run) -> Items:
    found: Items = []
    this, index = environment.this, environment.index
    for environment.index, item in enumerate(items):
        one = environment.this = [item]
        if boolean(criteria(environment, one)):
            found.append(item)
    environment.this, environment.index = this, index
    return found


def any_meets(environment: Environment, items: Items, criteria: Run, wanted: bool) -> bool:
    """Say whether the criteria are true of some item or, if that is not wanted, are not true of some item."""
    this, index = environment.this, environment.index
    try:
        for environment.index, item in enumerate(items):
            one = environment.this = [item]
            if bool(boolean(criteria(environment, one))) is wanted:
                return True
        return False
    finally:
        environment.this, environment.index = this, index


def select(environment: Environment, items: Items, projection: Run) -> Items:
    found: Items = []
    this, index = environment.this, environment.index
    for environment.index, item in enumerate(items):
        one = environment.this = [item]
        found += projection(environment, one)
    environment.this, environment.index = this, index
    return found


def repeat(environment: Environment, items: Items, projection: Run) -> Items:
    found: Items = []
    latest = items
    while latest:
        latest = select(environment, latest, projection)
        known = len(found)
        found = distinct(found + latest)
        latest = found[known:]
    return found


def iif(
    environment: Environment, items: Items, criterion: Run, then: Run, otherwise: Run | None = None
) -> Items:
    if boolean(criterion(environment, items)):
        return then(environment, items)
    return EMPTY if otherwise is None else otherwise(environment, items)


def single(environment: Environment, items: Items) -> Items:
    if len(items) > 1:
        raise EvaluationError(f"single() of {len(items)} items")
    return items


def first(environment: Environment, items: Items) -> Items:
    return items[:1]


def last(environment: Environment, items: Items) -> Items:
    return items[-1:]


def tail(environment: Environment, items: Items) -> Items:
    return items[1:]


def skip(environment: Environment, items: Items, number: Items) -> Items:
    return items[max(integer(number) or 0, 0) :]


def take(environment: Environment, items: Items, number: Items) -> Items:
    return items[: max(integer(number) or 0, 0)]


def intersect(environment: Environment, items: Items, other: Items) -> Items:
    return distinct(item for item in items if any(equal(item, one) for one in other))


def exclude(environment: Environment, items: Items, other: Items) -> Items:
    return [item for item in items if not any(equal(item, one) for one in other)]


def union(environment: Environment, items: Items, other: Items) -> Items:
    return distinct(items + other)


def combine(environment: Environment, items: Items, other: Items) -> Items:
    return items + other


def children(environment: Environment, items: Items) -> Items:
    return [child for item in items for child in navigation.children(item, environment.schema)]


def descendants(environment: Environment, items: Items) -> Items:
    found: Items = []
    latest = children(environment, items)
    while latest:
        found += latest
        latest = children(environment, latest)
    return found


def trace(environment: Environment, items: Items, name: Items, projection: Run | None = None) -> Items:
    """Give the input back: what a resource holds goes into no log."""
    return items
