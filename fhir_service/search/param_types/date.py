"""Date search: partial dates and periods as ranges, compared by prefix.

https://hl7.org/fhir/R4/search.html#date
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.fhir.dates import EARLIEST, LATEST, date_range
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.param_types import Context, OtherRow, Row
from fhir_service.search.param_types.prefixes import range_tests, split_prefix
from fhir_service.search.predicates import Indexed, Predicate

COLUMNS = ("low", "high")

_DATES = frozenset(("date", "dateTime", "instant"))


def modifiers(parameter: SearchParameter) -> tuple[str, ...]:
    return ()


def other_rows(parameter: SearchParameter, type_name: str, value: Any) -> tuple[OtherRow, ...]:
    return ()


def rows(type_name: str, value: Any) -> Iterable[Row]:
    if isinstance(value, str):
        # Onset may be said in words.
        return (date_range(value),) if type_name in _DATES else ()
    ranges = list(_of_timing(value) if type_name == "Timing" else _ranges(value))
    return ((min(low for low, _ in ranges), max(high for _, high in ranges)),) if ranges else ()


def _of_timing(timing: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """Only the outer limits of a schedule matter; one that does not say them is open at both ends.

    A duration alone (`boundsDuration`) says how long, and not from when.
    """
    bounds = timing.get("repeat", {}).get("boundsPeriod")
    limits = [date_range(event) for event in timing.get("event", ()) if event]
    limits.extend(_ranges(bounds))
    if limits or not timing.keys() - {"id", "extension"}:
        yield from limits
    else:
        yield EARLIEST, LATEST


def _ranges(value: Any) -> Iterator[tuple[int, int]]:
    match value:
        case {"start": _} | {"end": _}:
            start, end = value.get("start"), value.get("end")
            yield (
                date_range(start)[0] if start else EARLIEST,
                date_range(end)[1] if end else LATEST,
            )


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    prefix, date = split_prefix(text)
    try:
        low, high = date_range(date)
    except ValueError as error:
        raise Invalid(f"Parameter `{parameter.code}`: {error}") from None
    return Indexed("date", parameter.key, range_tests(prefix, low, high, _margin(low, high, context.now)))


def _margin(low: int, high: int, now: int) -> int:
    """For `ap`: a tenth of the time between now and the date, as the specification recommends."""
    return max(0, low - now, now - high) // 10
