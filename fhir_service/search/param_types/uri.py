"""URI search: the whole URI, to the letter; `:below` takes a leading part of its path.

https://hl7.org/fhir/R4/search.html#uri
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.keys import exact_key
from fhir_service.search.param_types import Context, Row
from fhir_service.search.predicates import Compare, Indexed, Predicate

COLUMNS = ("uri",)
MODIFIERS = ()


def rows(type_name: str, value: Any) -> Iterator[Row]:
    if isinstance(value, str) and value:
        yield (exact_key(value),)


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    if not text:
        raise Invalid(f"Parameter `{parameter.code}` needs a URI")
    return Indexed("uri", parameter.code, (Compare("uri", "eq", exact_key(text)),))
