"""`_sort`: by which search parameters, in which direction.

https://hl7.org/fhir/R4/search.html#sort

A resource with several values stands at its least one when ascending and at its greatest when descending;
one without any value stands last, whichever the direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_service.errors import Invalid, ServiceError
from fhir_service.search.definitions import FULL_TEXT, OWN_COLUMNS
from fhir_service.search.predicates import Compare, Key

if TYPE_CHECKING:
    from fhir_service.search.criteria import Reader

MAXIMUM_KEYS = 5

# The column of each index table that is compared: ascending, descending.
COLUMNS = {
    "token": ("code", "code"),
    "string": ("folded", "folded"),
    "uri": ("uri", "uri"),
    "reference": ("target", "target"),
    "date": ("low", "high"),
    "number": ("low", "high"),
    "quantity": ("low", "high"),
}


_TEXTS = frozenset(("token", "string", "uri", "reference"))


@dataclass(frozen=True, slots=True)
class SortKey:
    """`table` is a search parameter type's name or `resource`, and then `column` one of its own columns."""

    table: str
    column: str
    parameter: Key
    descending: bool

    @property
    def tests(self) -> tuple[Compare, ...]:
        """What a row must pass to have a place in the order: a concept in words only has no code."""
        return (Compare(self.column, "gt", ""),) if self.table in _TEXTS else ()


def read_sort(text: str, type_name: str, reader: Reader) -> tuple[SortKey, ...]:
    names = text.split(",")
    if len(names) > MAXIMUM_KEYS:
        raise Invalid(f"`_sort` takes at most {MAXIMUM_KEYS} parameters", expression=["http._sort"])
    try:
        return tuple(_sort_key(name, type_name, reader) for name in names)
    except ServiceError as failure:
        raise type(failure)(f"`_sort`: {failure}", expression=["http._sort"]) from None


def _sort_key(name: str, type_name: str, reader: Reader) -> SortKey:
    descending = name.startswith("-")
    parameter = reader.parameter(name.removeprefix("-"), type_name)
    if parameter.code in OWN_COLUMNS:
        return SortKey("resource", OWN_COLUMNS[parameter.code], parameter.key, descending)
    if parameter.type not in COLUMNS or parameter.code in FULL_TEXT:
        raise Invalid(f"nothing is sorted by `{parameter.code}`, a parameter of type {parameter.type}")
    return SortKey(parameter.type, COLUMNS[parameter.type][descending], parameter.key, descending)
