"""Strings: startsWith, matches, substring and their kin; each gives nothing for nothing.

https://hl7.org/fhirpath/N1/#string-manipulation
"""

from __future__ import annotations

import re
from typing import Any

from fhir_service.fhir.regular_expressions import regular_expression

from ..errors import EvaluationError
from ..runtime import EMPTY, Environment, Items, integer, text, truth


def index_of(environment: Environment, items: Items, part: Items) -> Items:
    value, sought = text(items), text(part)
    return EMPTY if value is None or sought is None else [("integer", value.find(sought), None)]


def substring(environment: Environment, items: Items, start: Items, size: Items | None = None) -> Items:
    value, first = text(items), integer(start)
    if value is None or first is None or not 0 <= first < len(value):
        return EMPTY
    length = None if size is None else integer(size)
    return _string(value[first:] if length is None else value[first : first + length])


def starts_with(environment: Environment, items: Items, part: Items) -> Items:
    value, sought = text(items), text(part)
    return EMPTY if value is None or sought is None else truth(value.startswith(sought))


def ends_with(environment: Environment, items: Items, part: Items) -> Items:
    value, sought = text(items), text(part)
    return EMPTY if value is None or sought is None else truth(value.endswith(sought))


def contains(environment: Environment, items: Items, part: Items) -> Items:
    value, sought = text(items), text(part)
    return EMPTY if value is None or sought is None else truth(sought in value)


def upper(environment: Environment, items: Items) -> Items:
    value = text(items)
    return EMPTY if value is None else _string(value.upper())


def lower(environment: Environment, items: Items) -> Items:
    value = text(items)
    return EMPTY if value is None else _string(value.lower())


def replace(environment: Environment, items: Items, pattern: Items, substitution: Items) -> Items:
    value, sought, new = text(items), text(pattern), text(substitution)
    return EMPTY if value is None or sought is None or new is None else _string(value.replace(sought, new))


def matches(environment: Environment, items: Items, pattern: Items) -> Items:
    """Whether the pattern is found somewhere in the text (single line mode: a dot is any character)."""
    value, regex = text(items), text(pattern)
    return EMPTY if value is None or regex is None else truth(_regex(regex).search(value) is not None)


def matches_full(environment: Environment, items: Items, pattern: Items) -> Items:
    value, regex = text(items), text(pattern)
    return EMPTY if value is None or regex is None else truth(_regex(regex).fullmatch(value) is not None)


def replace_matches(environment: Environment, items: Items, pattern: Items, substitution: Items) -> Items:
    value, regex, new = text(items), text(pattern), text(substitution)
    if value is None or regex is None or new is None:
        return EMPTY
    # FHIRPath writes groups as $1, RE2 as \1.
    return _string(_regex(regex).sub(re.sub(r"\$(\d+)", r"\\\1", new), value))


def length(environment: Environment, items: Items) -> Items:
    value = text(items)
    return EMPTY if value is None else [("integer", len(value), None)]


def trim(environment: Environment, items: Items) -> Items:
    value = text(items)
    return EMPTY if value is None else _string(value.strip())


def split(environment: Environment, items: Items, separator: Items) -> Items:
    value, at = text(items), text(separator)
    if value is None or not at:
        return items
    return [("string", part, None) for part in value.split(at)]


def join(environment: Environment, items: Items, separator: Items | None = None) -> Items:
    between = text(separator) if separator is not None else ""
    return _string((between or "").join(str(item[1]) for item in items))


def _string(value: str) -> Items:
    return [("string", value, None)]


def _regex(pattern: str) -> Any:
    try:
        return regular_expression(pattern)
    except ValueError as error:
        raise EvaluationError(str(error)) from None
