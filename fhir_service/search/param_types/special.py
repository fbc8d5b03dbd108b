"""Special search parameters that look into narratives: R5's `section-text`.

https://hl7.org/fhir/R5/composition.html#search and https://hl7.org/fhir/R5/search.html#special

Rows stand in the table of strings: the words of each narrative. All words of a value must stand in one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.full_text import plain_text, words
from fhir_service.search.param_types import Context, OtherRow, Row, string
from fhir_service.search.predicates import AnyOf, Indexed, Predicate, like

COLUMNS: tuple[str, ...] = string.COLUMNS


def modifiers(parameter: SearchParameter) -> tuple[str, ...]:
    return ()


def rows(type_name: str, value: Any) -> Iterator[Row]:
    text = " ".join(words(plain_text(value.get("div", "")))) if isinstance(value, dict) else ""
    if text:
        yield string.string_row(text)


def other_rows(parameter: SearchParameter, type_name: str, value: Any) -> tuple[OtherRow, ...]:
    return ()


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    asked = words(text)
    if not asked:
        raise Invalid(f"Parameter `{parameter.code}` needs words to look for, not `{text}`")
    tests = tuple(
        AnyOf(((like("folded", "%", word, "%"),), (like("folded_rest", "%", word, "%"),))) for word in asked
    )
    return Indexed("string", parameter.key, tests)
