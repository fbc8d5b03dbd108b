"""Both ends of a range, `date=ge2024-02&date=lt2024-03`, as one condition, so that one walk stops at both.

https://hl7.org/fhir/R4/search.html#date and #_lastUpdated

The two are conditions of their own, each of which any value may satisfy. Where there is one value at most,
it must satisfy both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fhir_service.search.definitions import SearchParameter, value_types
from fhir_service.search.predicates import Compare, Condition, Indexed, Key, Own, Predicate

# What can be written as a date without an end of its own is a year at the longest.
_DATES = {"date", "dateTime", "instant"}
_YEAR = 366 * 86_400_000_000


def joined(
    predicates: Iterable[Predicate], parameter_of: Callable[[Key], SearchParameter | None]
) -> list[Predicate]:
    """The conditions of a conjunction, with those on one and the same value put together."""
    groups: dict[object, list[Predicate]] = {}
    for place, predicate in enumerate(predicates):
        groups.setdefault(_value(predicate, parameter_of) or place, []).append(predicate)
    return [some[0] if len(some) == 1 else _one(some, parameter_of) for some in groups.values()]


def _value(predicate: Predicate, parameter_of: Callable[[Key], SearchParameter | None]) -> object:
    """What names the one value that is tested; None where there may be several."""
    match predicate:
        case Own((Compare("last_updated"), *_)):
            return "last_updated"
        case Indexed("date", key, tests) if tests:
            parameter = parameter_of(key)
            return key if parameter is not None and parameter.is_single else None
    return None


def _one(some: list[Predicate], parameter_of: Callable[[Key], SearchParameter | None]) -> Predicate:
    owns = [test for one in some if isinstance(one, Own) for test in one.tests]
    if owns:
        return Own(tuple(owns))
    leaves = [one for one in some if isinstance(one, Indexed)]
    tests = [test for leaf in leaves for test in leaf.tests]
    parameter = parameter_of(leaves[0].parameter)
    if parameter is not None and value_types(parameter) <= _DATES:
        tests += [
            Compare("high", test.operator, test.value + _YEAR)
            for test in tests
            if isinstance(test, Compare)
            and (test.column, test.operator) == ("low", "lt")
            and isinstance(test.value, int)
        ]
    return Indexed("date", leaves[0].parameter, tuple(sorted(tests, key=_is_start, reverse=True)))


def _is_start(test: Condition) -> bool:
    """Whether a walk along the ends of the values can begin there: it meets matches at once."""
    return isinstance(test, Compare) and (test.column, test.operator) == ("high", "gt")
