"""FHIRPath's operators as a table: a symbol, what it does with two collections, and the type it gives.

https://hl7.org/fhirpath/N1/#operations
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DivisionByZero, InvalidOperation
from typing import Any

from .date_arithmetic import shift
from .errors import EvaluationError
from .runtime import EMPTY, Items, boolean, singleton, truth
from .values import NUMBERS, TEMPORAL, compare, equal, equivalent, is_quantity, number

Operation = Callable[[Items, Items], Items]


def equals(left: Items, right: Items) -> Items:
    """`=`: the same items in the same order."""
    if not left or not right:
        return EMPTY
    if len(left) == 1 and len(right) == 1:
        return truth(equal(left[0], right[0]))
    if len(left) != len(right):
        return truth(False)
    answers = [equal(one, other) for one, other in zip(left, right, strict=True)]
    return truth(False if False in answers else None if None in answers else True)


def not_equals(left: Items, right: Items) -> Items:
    """`!=`"""
    answer = boolean(equals(left, right))
    return truth(None if answer is None else not answer)


def is_equivalent(left: Items, right: Items) -> Items:
    """`~`: the same items in any order."""
    if len(left) != len(right):
        return truth(False)
    rest = list(right)
    for item in left:
        match = next((index for index, other in enumerate(rest) if equivalent(item, other)), None)
        if match is None:
            return truth(False)
        del rest[match]
    return truth(True)


def is_not_equivalent(left: Items, right: Items) -> Items:
    """`!~`"""
    return truth(not boolean(is_equivalent(left, right)))


def ordered(accept: Callable[[int], bool]) -> Operation:
    """`<`, `<=`, `>` and `>=`, by which answers of a comparison they accept."""

    def operation(left: Items, right: Items) -> Items:
        one, other = singleton(left), singleton(right)
        if one is None or other is None:
            return EMPTY
        order = compare(one, other)
        return truth(None if order is None else accept(order))

    return operation


def contains(left: Items, right: Items) -> Items:
    """`contains`: whether the collection holds the item."""
    item = singleton(right)
    return EMPTY if item is None else truth(any(equal(one, item) for one in left))


def is_in(left: Items, right: Items) -> Items:
    """`in`"""
    return contains(right, left)


def both(left: Items, right: Items) -> Items:
    """`and`"""
    one, other = boolean(left), boolean(right)
    return truth(False if one is False or other is False else None if one is None or other is None else True)


def either(left: Items, right: Items) -> Items:
    """`or`"""
    one, other = boolean(left), boolean(right)
    return truth(True if one or other else None if one is None or other is None else False)


def only_one(left: Items, right: Items) -> Items:
    """`xor`"""
    one, other = boolean(left), boolean(right)
    return truth(None if one is None or other is None else one is not other)


def implies(left: Items, right: Items) -> Items:
    """`implies`"""
    one, other = boolean(left), boolean(right)
    if one is False or other is True:
        return truth(True)
    return truth(None if one is None or other is None else False)


def arithmetic(calculate: Callable[[Decimal, Decimal], Decimal]) -> Operation:
    """`*`, `/`, `div`, `mod`, and `+` and `-` of numbers; dividing by zero gives nothing."""

    def operation(left: Items, right: Items) -> Items:
        one, other = singleton(left), singleton(right)
        if one is None or other is None:
            return EMPTY
        first, second = one[1], other[1]
        if not isinstance(first, NUMBERS) or not isinstance(second, NUMBERS):
            raise EvaluationError(f"there is no arithmetic for a {one[0]} and a {other[0]}")
        try:
            result = calculate(number(first), number(second))
        except (DivisionByZero, InvalidOperation):
            return EMPTY
        if type(first) is int and type(second) is int and result == int(result):
            return [("integer", int(result), None)]
        return [("decimal", result, None)]

    return operation


add_numbers = arithmetic(lambda one, other: one + other)
subtract_numbers = arithmetic(lambda one, other: one - other)


def add(left: Items, right: Items) -> Items:
    """`+`: numbers are added, strings joined, dates and times moved by quantities."""
    one, other = singleton(left), singleton(right)
    if one is None or other is None:
        return EMPTY
    if one[0] in TEMPORAL and is_quantity(other):
        return shift(one, other, 1)
    if type(one[1]) is str and type(other[1]) is str:
        return [("string", one[1] + other[1], None)]
    return add_numbers(left, right)


def subtract(left: Items, right: Items) -> Items:
    """`-`: numbers are subtracted, dates and times moved back by quantities."""
    one, other = singleton(left), singleton(right)
    if one is not None and other is not None and one[0] in TEMPORAL and is_quantity(other):
        return shift(one, other, -1)
    return subtract_numbers(left, right)


def negate(items: Items) -> Items:
    """`-x`, of a number or a quantity."""
    item = singleton(items)
    if item is not None and is_quantity(item) and "value" in item[1]:
        return [(item[0], {**item[1], "value": -number(item[1]["value"])}, None)]
    return subtract_numbers([("integer", 0, None)], items)


def join(left: Items, right: Items) -> Items:
    """`&`: strings are joined, and nothing counts as the empty string."""
    parts: list[Any] = [item[1] for item in (singleton(left), singleton(right)) if item is not None]
    return [("string", "".join(map(str, parts)), None)]


OPERATORS: dict[str, tuple[Operation, str]] = {
    "=": (equals, "boolean"),
    "!=": (not_equals, "boolean"),
    "~": (is_equivalent, "boolean"),
    "!~": (is_not_equivalent, "boolean"),
    "<": (ordered(lambda order: order < 0), "boolean"),
    "<=": (ordered(lambda order: order <= 0), "boolean"),
    ">": (ordered(lambda order: order > 0), "boolean"),
    ">=": (ordered(lambda order: order >= 0), "boolean"),
    "in": (is_in, "boolean"),
    "contains": (contains, "boolean"),
    "and": (both, "boolean"),
    "or": (either, "boolean"),
    "xor": (only_one, "boolean"),
    "implies": (implies, "boolean"),
    "+": (add, "any"),
    "-": (subtract, "any"),
    "*": (arithmetic(lambda one, other: one * other), "any"),
    "/": (arithmetic(lambda one, other: one / other), "any"),
    "div": (arithmetic(lambda one, other: one // other), "any"),
    "mod": (arithmetic(lambda one, other: one % other), "any"),
    "&": (join, "string"),
}
"""`|`, `is` and `as` are not here: they need the types, which the compiler has."""
