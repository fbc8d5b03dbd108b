"""Ages as ranges of years."""

import datetime

import pytest

from fhir_service.age import AGE_GROUPS, MESH, Age, age_at, age_group, age_of, span
from fhir_service.content.topic import Coding

TODAY = datetime.date(2026, 11, 25)


@pytest.mark.parametrize(
    ("value", "unit", "low", "high"),
    [
        ("5", "a", 5, 6),
        ("0", "a", 0, 1),
        ("18", "mo", 1.5, 19 / 12),
        ("228", "mo", 19, 229 / 12),
        ("2.5", "a", 2.5, 2.6),
        ("52", "wk", 364 / 365.25, 371 / 365.25),
        ("10", "d", 10 / 365.25, 11 / 365.25),
        ("48", "h", 2 / 365.25, 49 / 24 / 365.25),
        ("1440", "min", 1 / 365.25, 1441 / 1440 / 365.25),
    ],
)
def test_a_number_with_its_unit_is_a_range_of_years(value: str, unit: str, low: float, high: float) -> None:
    age = age_of(value, unit)
    assert age is not None
    assert (age.low, age.high) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        ("", "a"),
        ("-1", "a"),
        ("five", "a"),
        ("5", ""),
        ("5", "y"),
        ("٥", "a"),
        ("1e3", "a"),
        ("9" * 400, "a"),
    ],
)
def test_what_is_no_age_is_none(value: str, unit: str) -> None:
    assert age_of(value, unit) is None


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("2007-11-25", Age(low=19, high=20)),
        ("2007-11-26", Age(low=18, high=19)),
        ("2007-11", Age(low=18, high=20)),
        ("2007", Age(low=18, high=20)),
        ("2026", Age(low=0, high=1)),
        ("2026-11-25", Age(low=0, high=1)),
        ("2024-02-29", Age(low=2, high=3)),
        ("2026-11-26", None),
        ("2007-13", None),
        ("2007-02-30", None),
        ("25.11.2007", None),
    ],
)
def test_a_birth_date_is_a_range_of_full_years(born: str, age: Age | None) -> None:
    assert age_at(born, TODAY) == age


def test_the_age_groups_of_children_follow_each_other() -> None:
    groups = [AGE_GROUPS[code] for code in ("D007231", "D007223", "D002675", "D002648", "D000293", "D055815")]
    assert [one.high for one in groups[:-1]] == [one.low for one in groups[1:]]
    assert AGE_GROUPS["D000368"] == Age(low=65)


def test_an_age_group_is_a_code_of_mesh() -> None:
    assert age_group(Coding(MESH, "D002648")) == Age(low=6, high=13)
    assert age_group(Coding("urn:other", "D002648")) is None
    assert age_group(Coding(MESH, "D000001")) is None


def test_a_span_is_open_where_one_of_its_ages_is() -> None:
    assert span([Age(low=2, high=6), Age(low=6, high=13)]) == Age(low=2, high=13)
    assert span([Age(low=2, high=6), Age(low=65)]) == Age(low=2)
    assert span([]) == Age()
