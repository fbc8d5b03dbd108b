"""The prefixes of ordered values and what they ask of a range [low, high).

https://hl7.org/fhir/R4/search.html#prefix

Dates, numbers and quantities are all kept as ranges: the tests are on the resource's own range, compared with
the one that is searched for.
"""

from __future__ import annotations

from typing import TypeVar

from fhir_service.search.predicates import AnyOf, Compare, Condition

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")

Bound = TypeVar("Bound", int, float)


def split_prefix(text: str) -> tuple[str, str]:
    """("ge", "2022-09") of "ge2022-09"; without a prefix it is eq."""
    if text[:2] in PREFIXES:
        return text[:2], text[2:]
    return "eq", text


def range_tests(prefix: str, low: Bound, high: Bound, margin: Bound) -> tuple[Condition, ...]:
    """Tests on the columns `low` and `high`; `margin` widens the range on both sides for `ap`."""
    within = (Compare("low", "ge", low), Compare("low", "lt", high), Compare("high", "le", high))
    match prefix:
        case "eq":
            return within
        case "ne":
            return (AnyOf(((Compare("low", "lt", low),), (Compare("high", "gt", high),))),)
        case "gt":
            return (Compare("high", "gt", high),)
        case "lt":
            return (Compare("low", "lt", low),)
        case "ge":
            return (Compare("high", "gt", low), AnyOf(((Compare("high", "gt", high),), within)))
        case "le":
            return (Compare("low", "lt", high), AnyOf(((Compare("low", "lt", low),), within)))
        case "sa":
            return (Compare("low", "ge", high),)
        case "eb":
            return (Compare("high", "le", low),)
        case _:
            return (Compare("low", "lt", high + margin), Compare("high", "gt", low - margin))
