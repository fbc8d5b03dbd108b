"""Dates and numbers as the specification words them: what a prefix asks of a range.

https://hl7.org/fhir/R4/search.html#prefix
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Range = tuple[int, int]
Value = tuple[str, Any]
"""A value's FHIR type, and the value: a primitive's is text."""

PREFIX = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=[-+.\d])")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
EVER = (-(10**18), 10**18)


def prefixed(text: str) -> tuple[str, str]:
    found = PREFIX.match(text)
    return (found[1], text[2:]) if found else ("eq", text)


def compare(prefix: str, held: Range, asked: Range, around: Range) -> bool:
    """The table of the specification; `asked` is the value's range, `around` the one that `ap` means."""
    low, high = held
    within = asked[0] <= low and high <= asked[1]
    return {
        "eq": within,
        "ne": not within,
        "gt": high > asked[1],
        "lt": low < asked[0],
        "ge": high > asked[1] or within,
        "le": low < asked[0] or within,
        "sa": low >= asked[1],
        "eb": high <= asked[0],
        "ap": low < around[1] and high > around[0],
    }[prefix]


def date(value: Value, text: str) -> bool:
    prefix, asked = prefixed(text)
    low, high = moments(asked)
    now = microseconds(NOW)
    margin = max(0, low - now, now - high) // 10
    ranges = list(dates(value))
    if not ranges:
        return False
    outer = min(one[0] for one in ranges), max(one[1] for one in ranges)
    return compare(prefix, outer, (low, high), (low - margin, high + margin))


def dates(value: Value) -> Iterator[Range]:
    kind, held = value
    if kind == "Timing":
        yield from map(moments, held.get("event", ()))
        period = held.get("repeat", {}).get("boundsPeriod", {})
        if "event" not in held and not period:
            yield EVER  # a schedule that does not say when it begins or ends
        held = period
    if isinstance(held, str):
        yield moments(held)
    elif held.get("start") or held.get("end"):
        start, end = held.get("start"), held.get("end")
        yield moments(start)[0] if start else EVER[0], moments(end)[1] if end else EVER[1]


def moments(text: str) -> Range:
    """The microseconds that a partial date stands for; whole numbers, as sums of fractions are not exact."""
    day, _, clock = text.partition("T")
    if clock:
        zone = "" if re.search(r"(Z|[+-]\d\d:\d\d)$", clock) else "Z"
        start = microseconds(datetime.fromisoformat(text + zone))
        time = re.split(r"[Z+-]", clock)[0]
        fraction = time.partition(".")[2]
        return start, start + (60_000_000 if len(time) == 5 else 10 ** (6 - min(6, len(fraction))))
    year, *rest = [int(part) for part in day.split("-")]
    month, date_of_month = (rest + [1, 1])[:2]
    first = datetime(year, month, date_of_month, tzinfo=UTC)
    if len(rest) == 2:
        end = first + timedelta(days=1)
    elif rest and rest[0] < 12:
        end = first.replace(month=first.month + 1)
    else:
        end = first.replace(year=year + 1, month=1)
    return microseconds(first), microseconds(end)


def microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def number(value: Value, text: str) -> bool:
    return numbers(value[0], value[1], text)


def numbers(kind: str, held: Any, text: str, convert: Callable[[Decimal], Decimal] | None = None) -> bool:
    """A number without a prefix stands for all that round to it; with another than `ne` it is exact.

    `convert` takes what is held to the unit that is asked for.
    """
    prefix, asked = prefixed(text)
    exact = Decimal(asked)
    half = Decimal(5).scaleb(int(exact.as_tuple().exponent) - 1)
    tenth = abs(exact) / 10
    low, high = (convert(end) if convert and end.is_finite() else end for end in bounds(kind, held))
    if prefix in ("eq", "ne"):
        within = exact - half <= low < exact + half and high <= exact + half
        return within == (prefix == "eq")
    return {
        "gt": high > exact,
        "lt": low < exact,
        "ge": high >= exact,
        "le": low <= exact,
        "sa": low > exact,
        "eb": high < exact,
        "ap": low <= exact + tenth and high >= exact - tenth,
    }[prefix]


def bounds(kind: str, held: Any) -> tuple[Decimal, Decimal]:
    lowest, highest = Decimal("-Infinity"), Decimal("Infinity")
    if kind == "Range":
        return Decimal(held.get("low", {}).get("value", lowest)), Decimal(
            held.get("high", {}).get("value", highest)
        )
    if kind == "SampledData":
        limits = {"L": held.get("lowerLimit"), "U": held.get("upperLimit")}
        points = [Decimal(limits.get(point, point)) for point in held["data"].split() if point != "E"]
        scaled = [
            point * Decimal(held.get("factor", 1)) + Decimal(held["origin"]["value"]) for point in points
        ]
        return min(scaled), max(scaled)
    if not isinstance(held, dict):
        return Decimal(held), Decimal(held)
    point = Decimal(held["value"])
    opened = held.get("comparator", " ")[0]
    return lowest if opened == "<" else point, highest if opened == ">" else point
