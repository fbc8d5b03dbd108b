"""The table of FHIRPath functions this engine has; a function is a row here, implemented in its chapter.

https://hl7.org/fhirpath/N1/#functions and https://hl7.org/fhir/R4/fhirpath.html#functions

`ofType`, `as` and `is` are not here: they take a type, which the compiler resolves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..runtime import Items
from . import clock, conversion, existence, fhir, filtering, numbers, strings


@dataclass(frozen=True, slots=True)
class Function:
    """One function: what runs, the kinds of its arguments, and the type it gives."""

    run: Callable[..., Items]
    """(environment, items, *arguments)"""
    required: str = ""
    """One letter per argument: v, its value; e, an expression to run on each item."""
    optional: str = ""
    result: str = "any"
    """A FHIR type, or: same, the input's; argument, the first argument's; either, both; any, unknown."""


FUNCTIONS: dict[str, Function] = {
    # 5.1 existence
    "empty": Function(existence.empty, result="boolean"),
    "exists": Function(existence.exists, optional="e", result="boolean"),
    "all": Function(existence.all_meet, "e", result="boolean"),
    "allTrue": Function(existence.all_true, result="boolean"),
    "anyTrue": Function(existence.any_true, result="boolean"),
    "allFalse": Function(existence.all_false, result="boolean"),
    "anyFalse": Function(existence.any_false, result="boolean"),
    "subsetOf": Function(existence.subset_of, "v", result="boolean"),
    "supersetOf": Function(existence.superset_of, "v", result="boolean"),
    "count": Function(existence.count, result="integer"),
    "distinct": Function(existence.only_distinct, result="same"),
    "isDistinct": Function(existence.is_distinct, result="boolean"),
    "not": Function(existence.negated, result="boolean"),
    # 5.2 filtering and projection, 5.3 subsetting, 5.4 combining, 5.8 tree navigation
    "where": Function(filtering.where, "e", result="same"),
    "select": Function(filtering.select, "e", result="argument"),
    "repeat": Function(filtering.repeat, "e"),
    "single": Function(filtering.single, result="same"),
    "first": Function(filtering.first, result="same"),
    "last": Function(filtering.last, result="same"),
    "tail": Function(filtering.tail, result="same"),
    "skip": Function(filtering.skip, "v", result="same"),
    "take": Function(filtering.take, "v", result="same"),
    "intersect": Function(filtering.intersect, "v", result="same"),
    "exclude": Function(filtering.exclude, "v", result="same"),
    "union": Function(filtering.union, "v", result="either"),
    "combine": Function(filtering.combine, "v", result="either"),
    "iif": Function(filtering.iif, "ee", "e"),
    "children": Function(filtering.children),
    "descendants": Function(filtering.descendants),
    "trace": Function(filtering.trace, "v", "e", result="same"),
    # 5.5 conversion
    "toString": Function(conversion.to_string, result="string"),
    "toInteger": Function(conversion.to_integer, result="integer"),
    "toDecimal": Function(conversion.to_decimal, result="decimal"),
    "toBoolean": Function(conversion.to_boolean, result="boolean"),
    # 5.6 strings
    "indexOf": Function(strings.index_of, "v", result="integer"),
    "substring": Function(strings.substring, "v", "v", result="string"),
    "startsWith": Function(strings.starts_with, "v", result="boolean"),
    "endsWith": Function(strings.ends_with, "v", result="boolean"),
    "contains": Function(strings.contains, "v", result="boolean"),
    "upper": Function(strings.upper, result="string"),
    "lower": Function(strings.lower, result="string"),
    "replace": Function(strings.replace, "vv", result="string"),
    "matches": Function(strings.matches, "v", result="boolean"),
    "matchesFull": Function(strings.matches_full, "v", result="boolean"),
    "replaceMatches": Function(strings.replace_matches, "vv", result="string"),
    "length": Function(strings.length, result="integer"),
    "trim": Function(strings.trim, result="string"),
    "split": Function(strings.split, "v", result="string"),
    "join": Function(strings.join, "", "v", result="string"),
    # 5.7 math
    "abs": Function(numbers.absolute),
    "ceiling": Function(numbers.ceiling, result="integer"),
    "floor": Function(numbers.floor, result="integer"),
    "round": Function(numbers.rounded, "", "v"),
    "truncate": Function(numbers.truncate, result="integer"),
    # FHIR's own
    "extension": Function(fhir.extension, "v", result="Extension"),
    "hasExtension": Function(fhir.has_extension, "v", result="boolean"),
    "hasValue": Function(fhir.has_value, result="boolean"),
    "getValue": Function(fhir.get_value, result="same"),
    "resolve": Function(fhir.resolve),
    "memberOf": Function(fhir.member_of, "v", result="boolean"),
    "htmlChecks": Function(fhir.html_checks, result="boolean"),
    "comparable": Function(fhir.comparable, "v", result="boolean"),
    "lowBoundary": Function(fhir.low_boundary, "", "v", result="same"),
    "highBoundary": Function(fhir.high_boundary, "", "v", result="same"),
}

CLOCK_FUNCTIONS: dict[str, Function] = {
    # 5.9 utility: only where the caller says what time it is
    "now": Function(clock.now, result="dateTime"),
    "timeOfDay": Function(clock.time_of_day, result="time"),
    "today": Function(clock.today, result="date"),
}
