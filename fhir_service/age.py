"""Ages as ranges of years: from a number with a unit, from a birth date, from a MeSH age group.

https://www.nlm.nih.gov/mesh/ and https://ucum.org/ucum (a year is 365.25 days, a month a twelfth of it)

What is told less precisely is a wider range: "5 a" is from the fifth birthday to the sixth.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass

from fhir_service.content.topic import Coding, Topic

MESH = "https://www.nlm.nih.gov/mesh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """An age in years, from `low` (included) to `high` (not included); None where it is open."""

    low: float | None = None
    high: float | None = None


AGE_GROUPS = {
    "D007231": Age(low=0, high=1 / 12),  # newborn, to 1 month
    "D007223": Age(low=1 / 12, high=2),  # infant, 1 to 23 months
    "D002675": Age(low=2, high=6),  # preschool child, 2 to 5 years
    "D002648": Age(low=6, high=13),  # child, 6 to 12
    "D000293": Age(low=13, high=19),  # adolescent, 13 to 18
    "D055815": Age(low=19, high=25),  # young adult, 19 to 24
    "D000328": Age(low=19, high=45),  # adult, 19 to 44
    "D008875": Age(low=45, high=65),  # middle aged, 45 to 64
    "D000368": Age(low=65),  # aged
    "D000369": Age(low=80),  # aged, 80 and over
}
"""MeSH code -> its years, as MeSH's own scope notes have them."""

_DAYS = {"a": 365.25, "mo": 365.25 / 12, "wk": 7, "d": 1, "h": 1 / 24, "min": 1 / 1440}
"""UCUM unit -> days"""

_NUMBER = re.compile(r"[0-9]{1,9}(?:\.([0-9]{1,9}))?", re.ASCII)
_BIRTH_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)


def age_of(value: str, unit: str) -> Age | None:
    """The age that a number with a UCUM unit tells; None when it tells none."""
    found, days = _NUMBER.fullmatch(value), _DAYS.get(unit)
    if found is None or days is None:
        return None
    precision = 10.0 ** -len(found[1] or "")
    years = days / _DAYS["a"]
    return Age(low=float(value) * years, high=(float(value) + precision) * years)


def age_at(birth_date: str, today: datetime.date) -> Age | None:
    """The age at a day of who was born on a FHIR date, however partial; None before the birth."""
    found = _BIRTH_DATE.fullmatch(birth_date)
    if found is None or not _exists(birth_date):
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    most = _full_years((year or 0, month or 1, day or 1), today)
    fewest = _full_years((year or 0, month or 12, day or 31), today)
    return None if most < 0 else Age(low=max(fewest, 0), high=most + 1)


def age_group(coding: Coding) -> Age | None:
    """The years of a MeSH age group; None when it is none."""
    return AGE_GROUPS.get(coding.code) if coding.system == MESH else None


def population(topic: Topic) -> Age:
    """The ages that a topic is about, by its MeSH age groups; open where it names none."""
    values = (use.value for use in topic.use_contexts if use.kind == "age")
    groups = (age_group(coding) for value in values for coding in value.codings)
    return span(age for age in groups if age)


def span(ages: Iterable[Age]) -> Age:
    """From the youngest to the oldest."""
    ages = tuple(ages)
    lows = [age.low for age in ages if age.low is not None]
    highs = [age.high for age in ages if age.high is not None]
    return Age(
        low=min(lows) if len(lows) == len(ages) > 0 else None,
        high=max(highs) if len(highs) == len(ages) > 0 else None,
    )


def _exists(partial_date: str) -> bool:
    try:
        datetime.date.fromisoformat(f"{partial_date}-01-01"[:10])
    except ValueError:
        return False
    return True


def _full_years(born: tuple[int, int, int], today: datetime.date) -> int:
    year, *birthday = born
    return today.year - year - ([today.month, today.day] < birthday)
