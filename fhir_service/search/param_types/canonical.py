"""Business versions of canonical references: what `:below` and `:above` ask of them.

https://hl7.org/fhir/R4/search.html#versions and https://hl7.org/fhir/R5/search.html#modifierabove

A reference that names a version has a row of its own for it, under the parameter's code with `:version`: a
digest of the URL and then the version, so that a search is a seek, however long the URL is.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from fhir_service.errors import Invalid, NotSupported
from fhir_service.fhir.canonicals import split_canonical
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.keys import PREFIX_LENGTH, exact_key
from fhir_service.search.param_types import Context, OtherRow
from fhir_service.search.predicates import Compare, Indexed, Key, Predicate, any_of

_SUFFIX = ":version"

# What may follow a version that has more parts: a point, a dash or a plus, and in code point order all
# characters between them.
_FIRST_SEPARATOR, _AFTER_SEPARATORS = "+", "/"


def version_rows(reference: str) -> Iterator[OtherRow]:
    url, version = split_canonical(reference)
    if version:
        yield _SUFFIX, "uri", (exact_key(version_prefix(url) + version),)


def version_prefix(url: str) -> str:
    """What the rows of all versions of this URL begin with."""
    return blake2b(url.encode(), digest_size=16).hexdigest() + "|"


def version_key(parameter: Key) -> Key:
    """Under what they are kept."""
    return parameter[0], parameter[1] + _SUFFIX


def below(parameter: SearchParameter, text: str) -> Predicate:
    """`url|1` names every version 1 and 1.x, but not 10; without a version any will do."""
    url, version = _read(parameter, "below", text)
    if not version:
        return _any_version(parameter, url)
    wanted = version_prefix(url) + version
    if len(wanted) >= PREFIX_LENGTH:
        raise Invalid(f"`{parameter.code}:below`: the version is too long")
    itself = (Compare("uri", "eq", wanted),)
    parts = (
        Compare("uri", "ge", wanted + _FIRST_SEPARATOR),
        Compare("uri", "lt", wanted + _AFTER_SEPARATORS),
    )
    return any_of(Indexed("uri", version_key(parameter.key), tests) for tests in (itself, parts))


def above(parameter: SearchParameter, text: str, context: Context) -> Predicate:
    """Every later version, in the order that the resource at this URL says its versions have."""
    if context.versions is None:
        raise NotSupported(f"`{parameter.code}:above` is not supported here")
    url, version = _read(parameter, "above", text)
    if not version:
        return _any_version(parameter, url)
    later = context.versions.above(parameter, url, version)
    keys = tuple(exact_key(version_prefix(url) + one) for one in later)
    return any_of([Indexed("uri", version_key(parameter.key), (Compare("uri", "in", keys),))] if keys else [])


def _read(parameter: SearchParameter, modifier: str, text: str) -> tuple[str, str | None]:
    url, version = split_canonical(text)
    if ":" not in url or (version is None and "|" in text):
        raise Invalid(f"`{parameter.code}:{modifier}` takes `url` or `url|version`, not `{text}`")
    return url, version


def _any_version(parameter: SearchParameter, url: str) -> Predicate:
    tests = (Compare("target", "eq", exact_key(url)), Compare("target_type", "eq", ""))
    return Indexed("reference", parameter.key, tests)
