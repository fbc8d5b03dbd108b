"""Math: abs, ceiling, floor, round and truncate of one number.

https://hl7.org/fhirpath/N1/#math
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

from ..errors import EvaluationError
from ..runtime import EMPTY, Environment, Items, integer, singleton
from ..values import NUMBERS, number


def absolute(environment: Environment, items: Items) -> Items:
    value = _number(items)
    return EMPTY if value is None else [(items[0][0], abs(value), None)]


def ceiling(environment: Environment, items: Items) -> Items:
    value = _number(items)
    return EMPTY if value is None else [("integer", math.ceil(value), None)]


def floor(environment: Environment, items: Items) -> Items:
    value = _number(items)
    return EMPTY if value is None else [("integer", math.floor(value), None)]


def rounded(environment: Environment, items: Items, precision: Items | None = None) -> Items:
    value = _number(items)
    if value is None:
        return EMPTY
    places = (integer(precision) or 0) if precision is not None else 0
    return [("decimal", value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), None)]


def truncate(environment: Environment, items: Items) -> Items:
    value = _number(items)
    return EMPTY if value is None else [("integer", int(value), None)]


def _number(items: Items) -> Decimal | None:
    item = singleton(items)
    if item is None or item[1] is None:
        return None
    if not isinstance(item[1], NUMBERS) or isinstance(item[1], bool):
        raise EvaluationError(f"a number is expected there, not a {item[0]}")
    return number(item[1])
