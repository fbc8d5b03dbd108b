"""URI search: the whole URI, to the letter, or along its path.

https://hl7.org/fhir/R4/search.html#uri
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.keys import PREFIX_LENGTH, after_prefix, exact_key
from fhir_service.search.param_types import Context, OtherRow, Row
from fhir_service.search.predicates import Compare, Indexed, Predicate, any_of, like

COLUMNS = ("uri",)


def modifiers(parameter: SearchParameter) -> tuple[str, ...]:
    return ("below", "above", "contains")


def rows(type_name: str, value: Any) -> Iterator[Row]:
    if isinstance(value, str) and value:
        yield (exact_key(value),)


def other_rows(parameter: SearchParameter, type_name: str, value: Any) -> Iterator[OtherRow]:
    return iter(())


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    if not text:
        raise Invalid(f"Parameter `{parameter.code}` needs a URI")
    if modifier == "below":
        return below("uri", parameter, text)
    if modifier == "above":
        return any_of(_is(parameter, ancestor) for ancestor in _ancestors(text))
    if modifier == "contains":
        return Indexed("uri", parameter.key, (like("uri", "%", text, "%"),))
    return _is(parameter, text)


def _is(parameter: SearchParameter, text: str) -> Indexed:
    return Indexed("uri", parameter.key, (Compare("uri", "eq", exact_key(text)),))


def below(table: str, parameter: SearchParameter, text: str) -> Predicate:
    """The URI itself and all under its path; an OID or another URN has no path. Also for canonicals."""
    folder = text if text.endswith("/") else f"{text}/"
    if len(folder) > PREFIX_LENGTH:
        raise Invalid(f"`{parameter.code}:below` takes at most {PREFIX_LENGTH - 1} characters")
    column = "uri" if table == "uri" else "target"
    under = (Compare(column, "ge", folder), Compare(column, "lt", after_prefix(folder)))
    itself = (Compare(column, "eq", text),)
    return any_of(Indexed(table, parameter.key, tests) for tests in (itself, under))


def _ancestors(text: str) -> Iterator[str]:
    """The URI and each path that it lies under: http://a/b/c, http://a/b/, http://a/b, http://a/, http://a."""
    yield text
    scheme, separator, path = text.partition("://")
    while separator and "/" in path:
        path, _, last = path.rpartition("/")
        if last:
            yield f"{scheme}://{path}/"
        yield f"{scheme}://{path}"
