"""FHIR dates as half-open ranges [low, high) of whole microseconds since 1970-01-01T00:00:00Z.

https://hl7.org/fhir/R4/datatypes.html#date and https://hl7.org/fhir/R4/search.html#date

A partial date stands for all of its time: 2022-09 is the whole of that September. What has no time zone is
read as UTC, so that the same search gives the same answer on every machine.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

EARLIEST = -(2**62)  # an open start: before every date that FHIR can write
LATEST = 2**62

# Year, month, day, hour, minute, second, fraction and zone.
_PATTERN = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)"
    r"(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?"
    r"(Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_DAY = 86_400_000_000
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
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        if hour is None:
            start = datetime(int(year), int(month or 1), int(day or 1))
            return _since_epoch(start), _end_of_day_or_longer(start, month, day)
        # A leap second is written as :60; the clock here has none, so it is the last second of the minute.
        written = f"{text[:17]}59" if second and second > "59" else text[:19] if second else text[:16]
        low = _since_epoch(datetime.fromisoformat(written)) - _offset(zone)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"`{text}` is not a date: {error}") from None
    if second is None:
        return low, low + 60_000_000
    if fraction is None:
        return low, low + 1_000_000
    digits = fraction[:6]
    return low + int(digits.ljust(6, "0")), low + int(digits.ljust(6, "0")) + 10 ** (6 - len(digits))


def _since_epoch(start: datetime) -> int:
    """Whole microseconds of a time in UTC, which needs no zone to be counted."""
    days = start.toordinal() - _EPOCH_DAY
    return (((days * 24 + start.hour) * 60 + start.minute) * 60 + start.second) * 1_000_000


def _end_of_day_or_longer(start: datetime, month: str | None, day: str | None) -> int:
    if day is not None:
        return _since_epoch(start) + _DAY
    if month is not None and start.month < 12:
        return _since_epoch(start.replace(month=start.month + 1))
    if start.year == 9999:
        return _since_epoch(datetime(9999, 12, 31)) + _DAY
    return _since_epoch(datetime(start.year + 1, 1, 1))


@lru_cache(maxsize=256)
def _offset(zone: str | None) -> int:
    """How many microseconds a zone is ahead of UTC; ValueError when it is a day or more."""
    if zone is None or zone == "Z":
        return 0
    distance = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    named = timezone(-distance if zone[0] == "-" else distance)
    return named.utcoffset(None) // _MICROSECOND
