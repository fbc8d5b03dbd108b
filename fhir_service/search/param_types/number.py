"""Number search: a value stands for all numbers that round to it.

https://hl7.org/fhir/R4/search.html#number
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.formats.decimals import decimal_of
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.param_types import Context, OtherRow, Row
from fhir_service.search.param_types.prefixes import range_tests, split_prefix
from fhir_service.search.predicates import Compare, Condition, Indexed, Predicate

COLUMNS = ("low", "high")

LEAST, GREATEST = float("-1e308"), float("1e308")
# A number is a point, where a date is a half-open range: its bounds belong to it.
_BOUNDS = {
    "gt": ("high", "gt"),
    "lt": ("low", "lt"),
    "ge": ("high", "ge"),
    "le": ("low", "le"),
    "sa": ("low", "gt"),
    "eb": ("high", "lt"),
}

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)


def modifiers(parameter: SearchParameter) -> tuple[str, ...]:
    return ()


def other_rows(parameter: SearchParameter, type_name: str, value: Any) -> tuple[OtherRow, ...]:
    return ()


def rows(type_name: str, value: Any) -> Iterator[Row]:
    match value:
        case bool():
            return
        case int() | float() | Decimal():
            yield float(value), float(value)
        case {"low": _} | {"high": _}:
            low, high = value.get("low", {}).get("value"), value.get("high", {}).get("value")
            yield (LEAST if low is None else float(low), GREATEST if high is None else float(high))


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    return Indexed("number", parameter.key, number_tests(parameter, text))


def number_tests(
    parameter: SearchParameter, text: str, convert: Callable[[Decimal], float] = float
) -> tuple[Condition, ...]:
    """The tests for `[prefix]number`; the range is half a unit of its last written digit to each side.

    Prefixes that compare (gt, lt, ...) take the number itself: only eq and ne speak of the written precision.
    `convert` gives the number that is compared, such as one in another unit: it keeps the order of numbers.
    """
    prefix, digits = split_prefix(text)
    number = _number(parameter, digits)
    exact = convert(number)
    if prefix in ("eq", "ne"):
        half = Decimal((0, (5,), int(number.as_tuple().exponent) - 1))
        # More digits than a double has would make the range empty: it holds the number itself at least.
        high = max(convert(number + half), math.nextafter(exact, math.inf))
        return range_tests(prefix, convert(number - half), high, 0.0)
    if prefix == "ap":
        tenth = abs(number) / 10
        return (
            Compare("low", "le", convert(number + tenth)),
            Compare("high", "ge", convert(number - tenth)),
        )
    return (Compare(*_BOUNDS[prefix], exact),)


def _number(parameter: SearchParameter, digits: str) -> Decimal:
    if not _NUMBER.fullmatch(digits):
        raise Invalid(f"Parameter `{parameter.code}`: `{digits}` is not a number")
    try:
        return decimal_of(digits)
    except ValueError:
        raise Invalid(
            f"Parameter `{parameter.code}`: `{digits}` is larger or longer than numbers are here"
        ) from None
