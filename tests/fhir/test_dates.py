from datetime import UTC, datetime

import pytest

from fhir_service.fhir.dates import date_range, to_instant, to_microseconds


def at(*parts: int) -> int:
    return to_microseconds(datetime(*parts, tzinfo=UTC))  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2022", at(2022, 1, 1), at(2023, 1, 1)),
        ("2022-09", at(2022, 9, 1), at(2022, 10, 1)),
        ("2022-12", at(2022, 12, 1), at(2023, 1, 1)),
        ("2024-02-29", at(2024, 2, 29), at(2024, 3, 1)),
        ("2022-09-05T10:30", at(2022, 9, 5, 10, 30), at(2022, 9, 5, 10, 31)),
        ("2022-09-05T10:30:15Z", at(2022, 9, 5, 10, 30, 15), at(2022, 9, 5, 10, 30, 16)),
        ("2022-09-05T10:30:15+02:00", at(2022, 9, 5, 8, 30, 15), at(2022, 9, 5, 8, 30, 16)),
        ("2022-09-05T10:30:15-05:30", at(2022, 9, 5, 16, 0, 15), at(2022, 9, 5, 16, 0, 16)),
        ("2016-12-31T23:59:60Z", at(2016, 12, 31, 23, 59, 59), at(2017, 1, 1)),
        ("9999", at(9999, 1, 1), at(9999, 12, 31) + 86_400_000_000),
        ("9999-12-31", at(9999, 12, 31), at(9999, 12, 31) + 86_400_000_000),
    ],
)
def test_a_date_stands_for_all_of_its_time(text: str, low: int, high: int) -> None:
    assert date_range(text) == (low, high)


@pytest.mark.parametrize(
    ("fraction", "start", "length"),
    [(".5", 500_000, 100_000), (".123", 123_000, 1_000), (".1234567", 123_456, 1)],
)
def test_a_fraction_is_as_long_as_its_last_digit(fraction: str, start: int, length: int) -> None:
    second = at(2022, 9, 5, 10, 30, 15)
    assert date_range(f"2022-09-05T10:30:15{fraction}Z") == (second + start, second + start + length)


@pytest.mark.parametrize(
    "text",
    ["", "22", "2022-13", "2022-02-30", "2022-9", "0000", "2022-09-05T25:00", "2022-09-05 10:30", "٢٠٢٢"],
)
def test_what_is_no_date_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=f"`{text}` is not a date"):
        date_range(text)


def test_an_instant_is_written_in_utc_with_milliseconds() -> None:
    assert to_instant(at(2026, 11, 23, 9, 30, 0) + 7_000) == "2026-11-23T09:30:00.007Z"
    assert date_range(to_instant(at(1969, 7, 20)))[0] == at(1969, 7, 20)
