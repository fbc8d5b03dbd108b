"""Quantity search: `[prefix]number|system|code`, the unit by its code or as it is written.

https://hl7.org/fhir/R4/search.html#quantity

UCUM units are compared in their canonical form, in rows beside the plain ones: a search for 5.4 mg finds
0.0054 g. Without a system, and for units that have no such form, the unit is compared as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from fhir_service.errors import Invalid
from fhir_service.fhir.ucum import SYSTEM as UCUM
from fhir_service.fhir.ucum import CanonicalUnit, canonical_unit
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.keys import exact_key, hash_key
from fhir_service.search.param_types import Context, OtherRow, Row
from fhir_service.search.param_types.number import GREATEST, LEAST, number_tests
from fhir_service.search.predicates import AnyOf, Compare, Condition, Indexed, Predicate
from fhir_service.search.values import split_once

COLUMNS = ("low", "high", "system_hash", "code", "unit")

# The suffix of the key that canonical rows are kept under; parts of composites have them too.
CANONICAL = ":canonical"

# A comparator makes the value one end of an open range.
_COMPARATORS = {"<": (True, False), "<=": (True, False), ">": (False, True), ">=": (False, True)}


def modifiers(parameter: SearchParameter) -> tuple[str, ...]:
    return ()


def rows(type_name: str, value: Any) -> Iterator[Row]:
    ends = _ends(value)
    if ends is not None:
        low = LEAST if ends.low is None else float(ends.low)
        high = GREATEST if ends.high is None else low if ends.is_one else float(ends.high)
        yield low, high, *_unit(ends.unit_of_low)


def other_rows(parameter: SearchParameter, type_name: str, value: Any) -> Iterator[OtherRow]:
    """The same in UCUM's canonical units, where the unit has such a form."""
    ends = _ends(value)
    if ends is None:
        return
    of_low = _canonical(ends.unit_of_low)
    of_high = of_low if ends.is_one else _canonical(ends.unit_of_high)
    if of_low is not None and of_high is not None and of_low.code == of_high.code:
        low = LEAST if ends.low is None else of_low.of(ends.low)
        high = GREATEST if ends.high is None else low if ends.is_one else of_high.of(ends.high)
        yield CANONICAL, "quantity", (low, high, 0, exact_key(of_low.code), "")


class _Ends(NamedTuple):
    """What a value spans, each end in a unit of its own; an end that is None is open."""

    low: Decimal | None
    high: Decimal | None
    unit_of_low: dict[str, Any]
    unit_of_high: dict[str, Any]

    @property
    def is_one(self) -> bool:
        """Whether it is a number rather than a range."""
        return self.low is self.high and self.unit_of_low is self.unit_of_high


def _ends(value: Any) -> _Ends | None:
    if not isinstance(value, dict):
        return None
    if "low" in value or "high" in value:  # Range
        given = [end for end in (value.get("low"), value.get("high")) if end and "value" in end]
        if given:
            low, high = (value.get(name, {}).get("value") for name in ("low", "high"))
            last = given[-1] if "code" in given[-1] else given[0]
            return _Ends(_decimal(low), _decimal(high), given[0], last)
    elif "origin" in value:  # SampledData
        points = _points(value)
        if points:
            return _Ends(min(points), max(points), value["origin"], value["origin"])
    elif "value" in value:
        number = _decimal(value["value"])
        opens_down, opens_up = _COMPARATORS.get(value.get("comparator", ""), (False, False))
        unit = {"code": value["currency"], "system": "urn:iso:std:iso:4217"} if "currency" in value else value
        return _Ends(None if opens_down else number, None if opens_up else number, unit, unit)
    return None


def _decimal(number: Any) -> Decimal | None:
    return None if number is None else Decimal(number)


def _points(sampled: dict[str, Any]) -> list[Decimal]:
    """What was measured: a search is "on the bounds of the values in sampled data"; E is an error."""
    limits = {"L": sampled.get("lowerLimit"), "U": sampled.get("upperLimit")}
    raw = (limits.get(point, point) for point in (sampled.get("data") or "").split() if point != "E")
    origin = Decimal(sampled["origin"].get("value", 0))
    factor = Decimal(sampled.get("factor", 1))
    return [Decimal(point) * factor + origin for point in raw if point is not None]


def _unit(quantity: dict[str, Any]) -> Row:
    return (
        hash_key(quantity.get("system") or ""),
        exact_key(quantity.get("code") or ""),
        exact_key(quantity.get("unit") or ""),
    )


def _canonical(quantity: dict[str, Any]) -> CanonicalUnit | None:
    return canonical_unit(quantity.get("code") or "") if quantity.get("system") == UCUM else None


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    number, bar, rest = split_once(text, "|")
    system, second_bar, code = split_once(rest, "|")
    if bar and not second_bar:
        raise Invalid(f"Parameter `{parameter.code}`: write `number`, `number|system|code` or `number||code`")
    unit = _canonical({"system": system, "code": code})
    if unit is None:
        tests = (*number_tests(parameter, number), *_unit_tests(system, code))
        return Indexed("quantity", parameter.key, tests)
    same = Compare("code", "eq", exact_key(unit.code))
    key = (parameter.type_name, parameter.code + CANONICAL)
    return Indexed("quantity", key, (*number_tests(parameter, number, unit.of), same))


def _unit_tests(system: str, code: str) -> Iterator[Condition]:
    if system:
        yield Compare("system_hash", "eq", hash_key(system))
    if code and system:
        yield Compare("code", "eq", exact_key(code))
    elif code:
        # Without a system, the text may be the code or the unit as it is written.
        key = exact_key(code)
        yield AnyOf(((Compare("code", "eq", key),), (Compare("unit", "eq", key),)))
