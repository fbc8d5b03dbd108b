"""String search: a prefix, without regard to case and accents; `:exact` compares the whole value as it is.

https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.keys import KEY_LENGTH, after_prefix, fold, hash_key
from fhir_service.search.param_types import Context, Row
from fhir_service.search.predicates import Compare, Indexed, Predicate

# `folded` is the sought prefix, `value_hash` tells equal prefixes apart, `value` is compared after the seek.
COLUMNS = ("folded", "value_hash", "value")
MODIFIERS = ("exact",)

# The parts of a name or an address that a search looks into; each is a value of its own.
_PARTS = {
    "HumanName": ("text", "family", "given", "prefix", "suffix"),
    "Address": ("text", "line", "city", "district", "state", "country", "postalCode"),
}


def rows(type_name: str, value: Any) -> Iterator[Row]:
    for text in _texts(type_name, value):
        if text:
            yield fold(text)[:KEY_LENGTH], hash_key(text), text


def _texts(type_name: str, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in _PARTS.get(type_name, ("text", "display", "value")):
            found = value.get(part)
            yield from found if isinstance(found, list) else [found or ""]


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    folded = fold(text)
    if not folded:
        raise Invalid(f"Parameter `{parameter.code}` needs some text to search for")
    if modifier == "exact":
        return _indexed(
            parameter,
            Compare("folded", "eq", folded[:KEY_LENGTH]),
            Compare("value_hash", "eq", hash_key(text)),
            Compare("value", "eq", text),
        )
    prefix = folded[:KEY_LENGTH]
    return _indexed(parameter, Compare("folded", "ge", prefix), Compare("folded", "lt", after_prefix(prefix)))


def _indexed(parameter: SearchParameter, *tests: Compare) -> Indexed:
    return Indexed("string", parameter.code, tests)
