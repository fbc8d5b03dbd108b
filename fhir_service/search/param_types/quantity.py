"""Quantity search: `[prefix]number|system|code`, the unit by its code or as it is written.

https://hl7.org/fhir/R4/search.html#quantity
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.keys import exact_key, hash_key
from fhir_service.search.param_types import Context, OtherRow, Row
from fhir_service.search.param_types.number import GREATEST, LEAST, number_tests
from fhir_service.search.predicates import AnyOf, Compare, Condition, Indexed, Predicate
from fhir_service.search.values import split_once

COLUMNS = ("low", "high", "system_hash", "code", "unit")

# A comparator makes the value one end of an open range.
_COMPARATORS = {"<": (True, False), "<=": (True, False), ">": (False, True), ">=": (False, True)}


def modifiers(parameter: SearchParameter) -> tuple[str, ...]:
    return ()


def other_rows(type_name: str, value: Any) -> Iterator[OtherRow]:
    return iter(())


def rows(type_name: str, value: Any) -> Iterator[Row]:
    if not isinstance(value, dict):
        return
    if "low" in value or "high" in value:  # Range
        ends = [end for end in (value.get("low"), value.get("high")) if end and "value" in end]
        if ends:
            low, high = value.get("low", {}).get("value"), value.get("high", {}).get("value")
            yield (
                LEAST if low is None else float(low),
                GREATEST if high is None else float(high),
                *_unit(ends[0]),
            )
    elif "origin" in value:  # SampledData
        points = _points(value)
        if points:
            yield min(points), max(points), *_unit(value["origin"])
    elif "value" in value:
        number = float(value["value"])
        opens_down, opens_up = _COMPARATORS.get(value.get("comparator", ""), (False, False))
        currency = (
            {"code": value["currency"], "system": "urn:iso:std:iso:4217"} if "currency" in value else value
        )
        yield (LEAST if opens_down else number, GREATEST if opens_up else number, *_unit(currency))


def _points(sampled: dict[str, Any]) -> list[float]:
    """What was measured: a search is "on the bounds of the values in sampled data"; E is an error."""
    limits = {"L": sampled.get("lowerLimit"), "U": sampled.get("upperLimit")}
    raw = (limits.get(point, point) for point in (sampled.get("data") or "").split() if point != "E")
    origin = Decimal(sampled["origin"].get("value", 0))
    factor = Decimal(sampled.get("factor", 1))
    return [float(Decimal(point) * factor + origin) for point in raw if point is not None]


def _unit(quantity: dict[str, Any]) -> Row:
    return (
        hash_key(quantity.get("system") or ""),
        exact_key(quantity.get("code") or ""),
        exact_key(quantity.get("unit") or ""),
    )


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    number, bar, rest = split_once(text, "|")
    tests: list[Condition] = [*number_tests(parameter, number)]
    if bar:
        system, second_bar, code = split_once(rest, "|")
        if not second_bar:
            raise Invalid(
                f"Parameter `{parameter.code}`: write `number`, `number|system|code` or `number||code`"
            )
        tests.extend(_unit_tests(system, code))
    return Indexed("quantity", parameter.key, tuple(tests))


def _unit_tests(system: str, code: str) -> Iterator[Condition]:
    if system:
        yield Compare("system_hash", "eq", hash_key(system))
    if code and system:
        yield Compare("code", "eq", exact_key(code))
    elif code:
        # Without a system, the text may be the code or the unit as it is written.
        key = exact_key(code)
        yield AnyOf(((Compare("code", "eq", key),), (Compare("unit", "eq", key),)))
