"""Reference search: `Type/id`, `id`, an absolute URL, or a canonical with or without its version.

https://hl7.org/fhir/R4/search.html#reference
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.keys import exact_key, hash_key
from fhir_service.search.param_types import Context, Row
from fhir_service.search.predicates import Compare, Indexed, Predicate

# `target` is the logical id of a local reference or the URL of any other, `target_type` the type of a local
# one and empty for URLs, `version_hash` the business version after a canonical's bar.
COLUMNS = ("target", "target_type", "version_hash")
MODIFIERS = ()

_LOCAL = re.compile(
    r"(?:(?P<type>[A-Z][A-Za-z]+)/)?(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]+)?", re.ASCII
)


def rows(type_name: str, value: Any) -> Iterator[Row]:
    match value:
        case str():
            yield from _row(value)
        case {"reference": str(reference)}:
            yield from _row(reference)
        case {"reference": {"reference": str(reference)}}:  # CodeableReference
            yield from _row(reference)


def _row(reference: str) -> Iterator[Row]:
    if reference.startswith("#"):  # contained: a part of this resource, no other one
        return
    local = _LOCAL.fullmatch(reference)
    if local and local["type"]:
        yield local["id"], local["type"], 0
    else:
        url, _, version = reference.partition("|")
        yield exact_key(url.partition("#")[0]), "", hash_key(version)


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    relative = _relative(text, context.bases)
    local = _LOCAL.fullmatch(relative)
    if local:
        return _local(parameter, local["type"], local["id"])
    if ":" not in text:
        raise Invalid(
            f"Parameter `{parameter.code}`: `{text}` is no reference;"
            " write `Type/id`, `id`, a URL or `url|version`"
        )
    url, bar, version = text.partition("|")
    tests = [Compare("target", "eq", exact_key(url)), Compare("target_type", "eq", "")]
    if bar:
        tests.append(Compare("version_hash", "eq", hash_key(version)))
    return Indexed("reference", parameter.code, tuple(tests))


def _relative(text: str, bases: tuple[str, ...]) -> str:
    for base in bases:
        if text.startswith(base + "/"):
            return text[len(base) + 1 :]
    return text


def _local(parameter: SearchParameter, type_name: str | None, logical_id: str) -> Predicate:
    tests = [Compare("target", "eq", logical_id)]
    if type_name:
        if parameter.targets and type_name not in parameter.targets and "Resource" not in parameter.targets:
            raise Invalid(
                f"Parameter `{parameter.code}` does not refer to {type_name},"
                f" but to {', '.join(parameter.targets)}"
            )
        tests.append(Compare("target_type", "eq", type_name))
    return Indexed("reference", parameter.code, tuple(tests))
