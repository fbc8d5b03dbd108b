"""URI search: the whole URI, to the letter, or along its path.

https://hl7.org/fhir/R4/search.html#uri and #versions

R5 alone says what `:contains` means of a URI, and here every release has it so: anywhere, whatever the case.

Some of these parameters look at canonical references, whose version stands after a bar (R4's `_profile`), and
`url` with a version asks for the resource's own `version`, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.fhir.canonicals import split_canonical
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.keys import PREFIX_LENGTH, after_prefix, exact_key
from fhir_service.search.param_types import Context, OtherRow, Row, canonical
from fhir_service.search.predicates import Compare, Indexed, Predicate, all_of, any_of

COLUMNS = ("uri",)


def modifiers(parameter: SearchParameter) -> tuple[str, ...]:
    return ("below", "above", "contains")


def rows(type_name: str, value: Any) -> Iterator[Row]:
    """Of a canonical with a version, also the URL alone: without a version any version fits."""
    if not isinstance(value, str) or not value:
        return
    yield (exact_key(value),)
    if type_name == "canonical" and "|" in value:
        yield (exact_key(split_canonical(value)[0]),)


def other_rows(parameter: SearchParameter, type_name: str, value: Any) -> Iterable[OtherRow]:
    return canonical.version_rows(value) if type_name == "canonical" and isinstance(value, str) else ()


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    if not text:
        raise Invalid(f"Parameter `{parameter.code}` needs a URI")
    if modifier == "below":
        return canonical.below(parameter, text) if "|" in text else _below(parameter, text)
    if modifier == "above":
        return any_of(_is(parameter, ancestor) for ancestor in _ancestors(text))
    if modifier == "contains":
        return Indexed("uri", parameter.key, (Compare("uri", "contains", text),))
    url, version = split_canonical(text)
    if parameter.code == "url" and version:
        return all_of((_is(parameter, url), _is_version(parameter, version)))
    return _is(parameter, text)


def _is_version(parameter: SearchParameter, version: str) -> Indexed:
    """As `version` itself is searched: that is a string, so that case does not count."""
    is_it = Compare("code", "eq", exact_key(version.casefold()))
    return Indexed("token", (parameter.type_name, "version"), (is_it,))


def _is(parameter: SearchParameter, text: str) -> Indexed:
    return Indexed("uri", parameter.key, (Compare("uri", "eq", exact_key(text)),))


def _below(parameter: SearchParameter, text: str) -> Predicate:
    """The URI itself and all under its path; an OID or another URN has no path."""
    folder = text if text.endswith("/") else f"{text}/"
    if len(folder) > PREFIX_LENGTH:
        raise Invalid(f"`{parameter.code}:below` takes at most {PREFIX_LENGTH - 1} characters")
    under = (Compare("uri", "ge", folder), Compare("uri", "lt", after_prefix(folder)))
    itself = (Compare("uri", "eq", text),)
    return any_of(Indexed("uri", parameter.key, tests) for tests in (itself, under))


def _ancestors(text: str) -> Iterator[str]:
    """The URI and each path that it lies under: http://a/b/c, http://a/b/, http://a/b, http://a/, http://a."""
    yield text
    scheme, separator, path = text.partition("://")
    while separator and "/" in path:
        path, _, last = path.rpartition("/")
        if last:
            yield f"{scheme}://{path}/"
        yield f"{scheme}://{path}"
