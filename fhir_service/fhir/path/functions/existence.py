"""Existence: exists, all, count, isDistinct, not and their kin.

https://hl7.org/fhirpath/N1/#existence
"""

from __future__ import annotations

from ..runtime import FALSE, TRUE, Environment, Items, Run, boolean, truth
from ..values import distinct, equal
from .filtering import any_meets


def empty(environment: Environment, items: Items) -> Items:
    return FALSE if items else TRUE


def exists(environment: Environment, items: Items, criteria: Run | None = None) -> Items:
    if criteria is None:
        return TRUE if items else FALSE
    return truth(any_meets(environment, items, criteria, True))


def all_meet(environment: Environment, items: Items, criteria: Run) -> Items:
    return truth(not any_meets(environment, items, criteria, False))


def all_true(environment: Environment, items: Items) -> Items:
    return truth(all(item[1] is True for item in items))


def any_true(environment: Environment, items: Items) -> Items:
    return truth(any(item[1] is True for item in items))


def all_false(environment: Environment, items: Items) -> Items:
    return truth(all(item[1] is False for item in items))


def any_false(environment: Environment, items: Items) -> Items:
    return truth(any(item[1] is False for item in items))


def subset_of(environment: Environment, items: Items, other: Items) -> Items:
    return truth(all(any(equal(item, one) for one in other) for item in items))


def superset_of(environment: Environment, items: Items, other: Items) -> Items:
    return subset_of(environment, other, items)


def count(environment: Environment, items: Items) -> Items:
    return [("integer", len(items), None)]


def only_distinct(environment: Environment, items: Items) -> Items:
    return distinct(items)


def is_distinct(environment: Environment, items: Items) -> Items:
    return truth(len(distinct(items)) == len(items))


def negated(environment: Environment, items: Items) -> Items:
    value = boolean(items)
    return truth(None if value is None else not value)
