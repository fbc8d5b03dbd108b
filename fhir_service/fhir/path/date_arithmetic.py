"""Adds time-valued quantities to dates and times, and takes them away, by the calendar.

https://hl7.org/fhirpath/N1/#datetime-arithmetic

    year, month      added to the year and the month; a day that the month does not have is its last
    week, day ...    added as so much time, through months and years of any length

What is finer than the value is converted to the value's own precision, with 12 months or else 365 days to
a year and 30 days to a month, and what is left over is dropped: @2014 + 23 months is @2015. So is the decimal
portion above seconds, and what is below milliseconds. Of UCUM's units only seconds and milliseconds are
allowed, but for a FHIR Quantity, whose codes stand for calendar units:
https://hl7.org/fhir/R4/fhirpath.html#quantity
"""

from __future__ import annotations

import math
from calendar import monthrange
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from .errors import EvaluationError
from .runtime import EMPTY, Item, Items
from .values import NUMBERS, number, temporal_parts

_MONTHS = {"year": 12, "month": 1}
_DAY = 86_400
_SECONDS = {
    "week": Decimal(7 * _DAY),
    "day": Decimal(_DAY),
    "hour": Decimal(3_600),
    "minute": Decimal(60),
    "second": Decimal(1),
    "millisecond": Decimal("0.001"),
}
_PRECISIONS = (365 * _DAY, 30 * _DAY, _DAY, 3_600, 60)
"""The seconds of a value's last part, by how many parts before it: year, month, day, hour, minute."""

_DATE_TIME = (*_MONTHS, *_SECONDS)
_UNITS = {
    "date": ("year", "month", "week", "day"),
    "dateTime": _DATE_TIME,
    "instant": _DATE_TIME,
    "time": ("hour", "minute", "second", "millisecond"),
}
_CODES = {
    **{unit + plural: unit for unit in _DATE_TIME for plural in ("", "s")},
    "s": "second",
    "ms": "millisecond",
}
_UCUM = "http://unitsofmeasure.org"
_UCUM_CODES = {
    "a": "year", "mo": "month", "d": "day", "h": "hour", "min": "minute", "s": "second", "ms": "millisecond",
}  # fmt: skip

_MOST = Decimal(10) ** 15
"""More than all years have milliseconds: greater numbers only take long to count with."""

_SOME_DAY = (Decimal(2000), Decimal(1), Decimal(1))


def shift(item: Item, quantity: Item, sign: int) -> Items:
    """A date or time, later by the quantity with the sign 1 and earlier with -1.

    :raises EvaluationError: the unit does not go with the value, or the year is out of range
    """
    kind, value, _ = item
    amount = quantity[1].get("value")
    if value is None or not isinstance(amount, NUMBERS):
        return EMPTY
    unit = _unit(kind, quantity[1])
    numbers, zone = temporal_parts(value) or ((), "")
    parts = [part for part in numbers if part is not None]
    if not parts or (numbers[0] is None) != (kind == "time"):
        raise EvaluationError(f"`{value}` is no {kind}")
    try:
        if kind == "time":  # which begins again after midnight
            seconds = _seconds(sign * number(amount), unit) % _DAY
            moved = _by_seconds([*_SOME_DAY, *parts], seconds)
            return [("time", _time(moved[3:]), None)]
        moved = _moved(parts, sign * number(amount), unit)
    except ArithmeticError:
        raise EvaluationError(f"`{value}` moved by `{amount} {unit}` is out of range") from None
    except ValueError as error:
        raise EvaluationError(f"`{value}` is no {kind}: {error}") from None
    written = "-".join((f"{moved[0]:04}", *map(_two_digits, moved[1:3])))
    if len(moved) > 3:
        written += f"T{_time(moved[3:])}{zone}"
    return [("date" if kind == "date" else "dateTime", written, None)]


def _unit(kind: str, quantity: dict[str, Any]) -> str:
    """The calendar unit of a quantity, when it goes with a value of this kind."""
    code, system = quantity.get("code"), quantity.get("system")
    # What stands in an expression has no system.
    codes = _CODES if system is None else _UCUM_CODES if system == _UCUM else {}
    unit = codes.get(str(code))
    if unit is None or unit not in _UNITS[kind]:
        shown = code or quantity.get("unit") or "1"
        raise EvaluationError(f"`{shown}` is not added to a {kind}; allowed: {', '.join(_UNITS[kind])}")
    if "comparator" in quantity:
        raise EvaluationError(f"no exact time is `{quantity['comparator']}` {unit}")
    return unit


def _moved(parts: list[Decimal], amount: Decimal, unit: str) -> list[Decimal]:
    if unit in _MONTHS:
        months = _whole(amount) * _MONTHS[unit]
        return _by_months(parts, months if len(parts) > 1 else _whole(Decimal(months) / 12) * 12)
    seconds = _seconds(amount, unit)
    if len(parts) > 2:
        return _by_seconds(parts, seconds)
    steps = _whole(seconds / _PRECISIONS[len(parts) - 1])
    return _by_months(parts, steps if len(parts) > 1 else steps * 12)


def _seconds(amount: Decimal, unit: str) -> Decimal:
    if unit not in ("second", "millisecond"):
        amount = Decimal(_whole(amount))
    return _bounded(amount) * _SECONDS[unit]


def _by_months(parts: list[Decimal], months: int) -> list[Decimal]:
    """A value with at least a year."""
    years, month = divmod((int(parts[1]) - 1 if len(parts) > 1 else 0) + months, 12)
    year = int(parts[0]) + years
    if not 1 <= year <= 9999:
        raise OverflowError(f"there is no year {year}")
    day = min(parts[2], Decimal(monthrange(year, month + 1)[1])) if len(parts) > 2 else Decimal(1)
    return [Decimal(year), Decimal(month + 1), day, *parts[3:]][: len(parts)]


def _by_seconds(parts: list[Decimal], seconds: Decimal) -> list[Decimal]:
    """A value with at least a day; one with seconds has milliseconds, too."""
    if len(parts) == 6:
        exact = seconds.quantize(Decimal("0.001"), ROUND_DOWN)
        total = parts[5] + (int(exact) if exact == int(exact) else exact)
    else:
        step = _PRECISIONS[len(parts) - 1]
        total = Decimal(_whole(seconds / step) * step)
    whole = math.floor(total)
    moment = datetime(*map(int, parts[:5])) + timedelta(seconds=whole)  # type: ignore[arg-type]
    found = map(Decimal, (moment.year, moment.month, moment.day, moment.hour, moment.minute))
    return [*found, moment.second + (total - whole)][: len(parts)]


def _whole(amount: Decimal) -> int:
    """Without the decimal portion."""
    return int(_bounded(amount))


def _bounded(amount: Decimal) -> Decimal:
    if not -_MOST < amount < _MOST:
        raise OverflowError(f"{amount} is more than all years have milliseconds")
    return amount


def _time(parts: list[Decimal]) -> str:
    return ":".join(map(_two_digits, parts))


def _two_digits(part: Decimal) -> str:
    return f"{'0' if part < 10 else ''}{part:f}"
