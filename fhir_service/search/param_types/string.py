"""String search: a prefix, without regard to case and accents; `:exact` compares the whole value as it is.

https://hl7.org/fhir/R4/search.html#string (R5's `:text`: #modifiertextstring)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.full_text import words
from fhir_service.search.keys import KEY_LENGTH, after_prefix, fold, hash_key
from fhir_service.search.param_types import Context, OtherRow, Row
from fhir_service.search.param_types.advanced_text import words_predicate, words_row
from fhir_service.search.predicates import AnyOf, Compare, Indexed, Key, Predicate, like

# `folded` is the sought prefix, `value_hash` tells equal prefixes apart; compared after the seek are `value`
# and, of a long value, `folded_rest`.
COLUMNS = ("folded", "value_hash", "folded_rest", "value")

# The parts of a name or an address that a search looks into; each is a value of its own.
_PARTS = {
    "HumanName": ("text", "family", "given", "prefix", "suffix"),
    "Address": ("text", "line", "city", "district", "state", "country", "postalCode"),
}


def modifiers(parameter: SearchParameter) -> tuple[str, ...]:
    return ("exact", "contains", *(("text",) if parameter.release.name == "r5" else ()))


def rows(type_name: str, value: Any) -> Iterator[Row]:
    for text in _texts(type_name, value):
        if text:
            yield string_row(text)


def other_rows(parameter: SearchParameter, type_name: str, value: Any) -> list[OtherRow]:
    """The words of each text, for R5's `:text`."""
    if parameter.release.name != "r5":
        return []
    return [(":text", "string", words_row(text)) for text in _texts(type_name, value) if words(text)]


def string_row(text: str) -> Row:
    return _row_of_short(text) if len(text) <= KEY_LENGTH else _row(text)


def _row(text: str) -> Row:
    folded = fold(text)
    # Both pieces overlap, so that a search within the text misses nothing at the cut.
    rest = folded[KEY_LENGTH // 2 :] if len(folded) > KEY_LENGTH else ""
    return folded[:KEY_LENGTH], hash_key(text), rest, text


# Displays of codes, names of cities and the like come again and again.
_row_of_short = lru_cache(maxsize=4096)(_row)


def _texts(type_name: str, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in _PARTS.get(type_name, ("text", "display", "value")):
            found = value.get(part)
            yield from found if isinstance(found, list) else [found or ""]


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    if modifier == "text":
        return words_predicate((parameter.type_name, f"{parameter.code}:text"), text)
    return string_predicate(parameter.key, modifier, text)


def string_predicate(key: Key, modifier: str | None, text: str) -> Predicate:
    """Also for the words beside tokens and references, which are kept under keys of their own."""
    folded = fold(text)
    if not folded:
        raise Invalid(f"Parameter `{key[1]}` needs some text to search for")
    prefix = folded[:KEY_LENGTH]
    if modifier == "exact":
        exact = (Compare("value_hash", "eq", hash_key(text)), Compare("value", "eq", text))
        return Indexed("string", key, (Compare("folded", "eq", prefix), *exact))
    if modifier == "contains":
        if len(folded) > KEY_LENGTH // 2:
            raise Invalid(f"`{key[1]}:contains` takes at most {KEY_LENGTH // 2} characters")
        either = ((Compare("folded", "contains", folded),), (Compare("folded_rest", "contains", folded),))
        return Indexed("string", key, (AnyOf(either),))
    tests = [Compare("folded", "ge", prefix), Compare("folded", "lt", after_prefix(prefix))]
    if len(folded) > KEY_LENGTH:
        tests.append(like("folded_rest", "", folded[KEY_LENGTH // 2 :], "%"))
    return Indexed("string", key, tuple(tests))
