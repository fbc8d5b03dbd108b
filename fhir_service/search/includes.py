"""`_include` and `_revinclude`: what comes along with the matches.

https://hl7.org/fhir/R4/search.html#include

    _include=Type:reference[:TargetType]     what the matches refer to
    _revinclude=Type:reference[:TargetType]  what refers to the matches
    *                                        every reference of the type
    :iterate                                 also from what came along
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fhir_service.errors import Invalid, NotSupported
from fhir_service.search.predicates import Key

if TYPE_CHECKING:
    from fhir_service.search.criteria import Reader

INCLUDE_PARAMETERS = ("_include", "_revinclude")

# `:recurse` is what `:iterate` was called before R4.
_ITERATE = ("iterate", "recurse")


@dataclass(frozen=True, slots=True)
class Include:
    """One reference to follow; without `target`, to any type. `url` is the key of canonical targets' URLs."""

    parameter: Key
    target: str | None
    reverse: bool
    iterate: bool
    is_canonical: bool


def read_include(name: str, text: str, type_name: str, reader: Reader) -> Iterator[Include]:
    """The references of one parameter; `*` stands for all of a type."""
    base, _, modifier = name.partition(":")
    if modifier and modifier not in _ITERATE:
        raise NotSupported(f"Modifier `:{modifier}` is not supported on `{base}`; supported: `:iterate`")
    reverse, iterate = base == "_revinclude", bool(modifier)
    if text == "*" and not reverse:
        source, code, target = type_name, "*", ""
    else:
        source, code, target = (*text.split(":"), "", "")[:3]
    if text.count(":") > 2 or not code:
        raise Invalid(
            f"`{base}={text}`: write `Type:parameter`, `Type:parameter:TargetType` or, for every reference of"
            " the type, `Type:*`"
        )
    for part in filter(None, (source, target)):
        if part not in reader.types:
            raise Invalid(f"`{base}={text}`: `{part}` is no resource type that is served here")
    if not reverse and not iterate and source != type_name:
        raise Invalid(f"`{base}={text}`: the matches are of type {type_name}; from others, use `:iterate`")
    known = reader.parameters.for_type(source)
    codes = [code] if code != "*" else [key for key, one in known.items() if one.type == "reference"]
    for one in codes:
        parameter = reader.parameter(one, source)
        if parameter.type != "reference":
            raise Invalid(f"`{base}={text}`: `{one}` of {source} is no reference")
        yield Include(parameter.key, target or None, reverse, iterate, parameter.is_canonical)
