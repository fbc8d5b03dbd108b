"""Conversion: toString, toInteger, toDecimal, toBoolean; what cannot be converted gives nothing.

https://hl7.org/fhirpath/N1/#conversion
"""

from __future__ import annotations

import re
from decimal import Decimal

from ..runtime import EMPTY, Environment, Items, singleton, truth
from ..values import NUMBERS

_INTEGER = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?")
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), False),
}


def to_string(environment: Environment, items: Items) -> Items:
    item = singleton(items)
    if item is None or isinstance(item[1], dict | None):
        return EMPTY
    value = item[1]
    return [("string", str(value).lower() if isinstance(value, bool) else str(value), None)]


def to_integer(environment: Environment, items: Items) -> Items:
    item = singleton(items)
    value = None if item is None else item[1]
    if isinstance(value, bool | int):
        return [("integer", int(value), None)]
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return [("integer", int(value), None)]
    return EMPTY


def to_decimal(environment: Environment, items: Items) -> Items:
    item = singleton(items)
    value = None if item is None else item[1]
    if isinstance(value, NUMBERS):
        return [("decimal", Decimal(str(int(value) if isinstance(value, bool) else value)), None)]
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return [("decimal", Decimal(value), None)]
    return EMPTY


def to_boolean(environment: Environment, items: Items) -> Items:
    item = singleton(items)
    if item is None:
        return EMPTY
    return truth(_BOOLEANS.get(str(item[1]).lower()))
