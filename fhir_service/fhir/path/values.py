"""Equality, equivalence and order of items, and partial dates.

https://hl7.org/fhirpath/N1/#equality and https://hl7.org/fhirpath/N1/#comparison
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from .errors import EvaluationError
from .runtime import Item, Items

TEMPORAL = frozenset(("date", "dateTime", "instant", "time"))
NUMBERS = (int, float, Decimal)

_TEMPORAL = re.compile(
    r"(?:(\d{4})(?:-(\d\d)(?:-(\d\d))?)?)?T?(?:(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?)?(Z|[+-]\d\d:\d\d)?"
)
_CALENDAR_UNITS = {
    "year": "a", "month": "mo", "week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s",
    "millisecond": "ms",
}  # fmt: skip

Parts = tuple[Decimal | None, ...]


def equal(left: Item, right: Item) -> bool | None:
    """Return `=` of two items; None when partial dates leave it open."""
    one, other = left[1], right[1]
    if type(one) is str and type(other) is str:
        if left[0] in TEMPORAL and right[0] in TEMPORAL:
            order = compare_temporal(one, other)
            return None if order is None else order == 0
        return one == other
    if type(one) is bool or type(other) is bool:
        return one is other
    if isinstance(one, NUMBERS) and isinstance(other, NUMBERS):
        return number(one) == number(other)
    if type(one) is dict and type(other) is dict:
        if is_quantity(left) and is_quantity(right):
            return bool(_comparable_quantity(one) == _comparable_quantity(other))
        return one == other
    if one is None and other is None:
        return bool(left[2] == right[2])
    return False


def equivalent(left: Item, right: Item) -> bool:
    """Return `~` of two items: text without case and spacing, numbers to the lesser precision."""
    one, other = left[1], right[1]
    if type(one) is str and type(other) is str:
        if left[0] in TEMPORAL and right[0] in TEMPORAL:
            return compare_temporal(one, other) == 0
        return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
    if isinstance(one, NUMBERS) and isinstance(other, NUMBERS) and bool not in (type(one), type(other)):
        first, second = number(one), number(other)
        places = Decimal(1).scaleb(max(_exponent(first), _exponent(second)))
        return first.quantize(places) == second.quantize(places)
    if type(one) is dict and type(other) is dict and not is_quantity(left):
        return bool(_without_ids(one) == _without_ids(other))
    return equal(left, right) is True


def compare(left: Item, right: Item) -> int | None:
    """Return -1, 0 or 1, or None when partial dates or different units leave the order open."""
    one, other = left[1], right[1]
    if one is None or other is None:
        return None
    if type(one) is str and type(other) is str:
        if left[0] in TEMPORAL or right[0] in TEMPORAL:
            return compare_temporal(one, other)
        return (one > other) - (one < other)
    if isinstance(one, NUMBERS) and isinstance(other, NUMBERS) and bool not in (type(one), type(other)):
        first, second = number(one), number(other)
        return (first > second) - (first < second)
    if is_quantity(left) and is_quantity(right):
        return _compare_quantities(one, other)
    raise EvaluationError(f"a {left[0]} and a {right[0]} have no order")


def distinct(items: Iterable[Item]) -> Items:
    """Return the items without those that equal an earlier one."""
    found: Items = []
    seen: set[Any] = set()
    for item in items:
        value = item[1]
        if type(value) is str and item[0] not in TEMPORAL:
            if value in seen:
                continue
            seen.add(value)
        elif any(equal(item, other) for other in found):
            continue
        found.append(item)
    return found


def number(value: Any) -> Decimal:
    """Return a JSON number exactly as it is written."""
    return value if type(value) is Decimal else Decimal(str(value))


def is_quantity(item: Item) -> bool:
    return item[0] in ("Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity")


def compare_temporal(one: str, other: str) -> int | None:
    """Return the order of two dates or times as far as both are precise; None when that leaves it open."""
    first, second = temporal_parts(one), temporal_parts(other)
    if first is None or second is None:
        return None
    if first[1] and second[1]:
        first, second = _in_utc(first), _in_utc(second)
    for left, right in zip(first[0], second[0], strict=True):
        if left is None and right is None:
            continue
        if left is None or right is None:
            return None
        if left != right:
            return 1 if left > right else -1
    return 0


def temporal_parts(value: str) -> tuple[Parts, str] | None:
    """The year, month, day, hour, minute and second, as far as they are there, and the time zone."""
    match = _TEMPORAL.fullmatch(value)
    if match is None:
        return None
    *numbers, zone = match.groups()
    return tuple(None if part is None else Decimal(part) for part in numbers), zone or ""


def _in_utc(value: tuple[Parts, str]) -> tuple[Parts, str]:
    parts, zone = value
    if any(part is None for part in parts[:5]):
        return value
    whole = [int(part) for part in parts[:5] if part is not None]
    moment = datetime(*whole, tzinfo=_zone(zone)).astimezone(UTC)  # type: ignore[arg-type, misc]
    moved = (moment.year, moment.month, moment.day, moment.hour, moment.minute)
    return (*(Decimal(part) for part in moved), parts[5]), "Z"


def _zone(zone: str) -> timezone:
    if zone == "Z":
        return UTC
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if zone[0] == "-" else offset)


def _comparable_quantity(quantity: dict[str, Any]) -> tuple[Any, ...]:
    value = quantity.get("value")
    unit = quantity.get("code") or quantity.get("unit") or "1"
    unit = _CALENDAR_UNITS.get(unit.removesuffix("s"), unit)
    return (None if value is None else number(value), unit, quantity.get("comparator"))


def _compare_quantities(one: dict[str, Any], other: dict[str, Any]) -> int | None:
    first, second = _comparable_quantity(one), _comparable_quantity(other)
    if first[0] is None or second[0] is None or first[1] != second[1]:
        return None
    return int(first[0] > second[0]) - int(first[0] < second[0])


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _without_ids(value: Any) -> Any:
    if type(value) is dict:
        return {key: _without_ids(child) for key, child in value.items() if key != "id"}
    if type(value) is list:
        return [_without_ids(child) for child in value]
    return value
