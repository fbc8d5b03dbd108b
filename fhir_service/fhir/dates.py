"""FHIR dates as half-open ranges [low, high) of whole microseconds since 1970-01-01T00:00:00Z.

https://hl7.org/fhir/R4/datatypes.html#date and https://hl7.org/fhir/R4/search.html#date

A partial date stands for all of its time: 2022-09 is the whole of that September. What has no time zone is
read as UTC, so that the same search gives the same answer on every machine.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

EARLIEST = -(2**62)  # an open start: before every date that FHIR can write
LATEST = 2**62

_PATTERN = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Whole microseconds since the epoch; `moment` has a time zone."""
    return (moment - _EPOCH) // _MICROSECOND


def to_instant(microseconds: int) -> str:
    """The FHIR instant of that moment, in UTC with milliseconds: 2026-11-23T09:30:00.000Z."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def date_range(text: str) -> tuple[int, int]:
    """The time that a date, dateTime, instant or search value stands for; ValueError says what is wrong."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(
            f"`{text}` is not a date: write YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a time zone"
        )
    part = match.groupdict()
    year, month, day = int(part["year"]), int(part["month"] or 1), int(part["day"] or 1)
    try:
        if part["hour"] is None:
            start = datetime(year, month, day, tzinfo=UTC)
            return to_microseconds(start), _end_of_day_or_longer(start, part["month"], part["day"])
        # A leap second is written as :60; the clock here has none, so it is the last second of the minute.
        second = min(int(part["second"] or 0), 59)
        start = datetime(
            year, month, day, int(part["hour"]), int(part["minute"]), second, tzinfo=_zone(part["zone"])
        )
    except (ValueError, OverflowError) as error:
        raise ValueError(f"`{text}` is not a date: {error}") from None
    low = to_microseconds(start)
    if part["second"] is None:
        return low, low + 60_000_000
    if part["fraction"] is None:
        return low, low + 1_000_000
    digits = part["fraction"][:6]
    return low + int(digits.ljust(6, "0")), low + int(digits.ljust(6, "0")) + 10 ** (6 - len(digits))


def _end_of_day_or_longer(start: datetime, month: str | None, day: str | None) -> int:
    if day is not None:
        return to_microseconds(start) + 86_400_000_000
    if month is not None and start.month < 12:
        return to_microseconds(start.replace(month=start.month + 1))
    if start.year == 9999:
        return to_microseconds(datetime(9999, 12, 31, tzinfo=UTC)) + 86_400_000_000
    return to_microseconds(datetime(start.year + 1, 1, 1, tzinfo=UTC))


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
