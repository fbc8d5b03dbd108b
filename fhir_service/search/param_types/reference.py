"""Reference search: `Type/id`, `id`, an absolute URL, or a canonical with or without its version.

https://hl7.org/fhir/R4/search.html#reference and, for `:above` and `:below`, #recursive and #versions
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from fhir_service.errors import Invalid, NotSupported
from fhir_service.fhir.canonicals import split_canonical
from fhir_service.search.contained import MARK
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.full_text import words
from fhir_service.search.hierarchies import hierarchies_of
from fhir_service.search.keys import exact_key, hash_key
from fhir_service.search.param_types import Context, OtherRow, Place, Row, canonical, token
from fhir_service.search.param_types.advanced_text import words_predicate, words_row
from fhir_service.search.param_types.string import string_predicate, string_row
from fhir_service.search.predicates import AnyOf, Compare, Indexed, Predicate

# `target` is the logical id of a local reference or the URL of any other, `target_type` the type of a local
# one (`#Medication` where it is contained) and empty for URLs, `version_hash` the business version after a
# canonical's bar.
COLUMNS = ("target", "target_type", "version_hash")

_LOCAL = re.compile(
    r"(?:(?P<type>[A-Z][A-Za-z]+)/)?(?P<id>[A-Za-z0-9\-.]{1,64})(?P<version>/_history/[A-Za-z0-9\-.]+)?",
    re.ASCII,
)


# What may hold an identifier and a display beside the reference.
_HAVE_MORE = frozenset(("Reference", "CodeableReference"))


def modifiers(parameter: SearchParameter) -> tuple[str, ...]:
    """A type's name is a modifier too: `subject:Patient=23`.

    A canonical has neither an identifier nor a display beside it.
    """
    types = [name for name in parameter.targets if name in parameter.release.resource_types]
    beside: tuple[str, ...] = ()
    if not parameter.is_canonical or _HAVE_MORE & (parameter.path.types or _HAVE_MORE):
        text = ("text", "code-text", "text-advanced") if parameter.release.name == "r5" else ()
        beside = ("identifier", *text)
    return (*beside, *_along(parameter), *types)


def _along(parameter: SearchParameter) -> tuple[str, ...]:
    """Of canonical references R4 defines `:below` alone."""
    if parameter.is_canonical:
        return ("above", "below") if parameter.release.name == "r5" else ("below",)
    return ("above", "below") if hierarchies_of(parameter) else ()


# A reference that no search can name, such as one by identifier alone: it is not missing.
_UNNAMED: Row = ("", "", 0)


def rows(type_name: str, value: Any) -> Iterable[Row]:
    reference = value.get("reference") if isinstance(value, dict) else value
    if isinstance(reference, dict):  # of a CodeableReference
        reference = reference.get("reference")
    if isinstance(reference, str):
        return (_row(reference),)
    match value:
        case {"resourceType": str(held), "id": str(logical_id)}:  # held by a Bundle, not referred to
            return ((logical_id, held, 0),)
        case dict() if _says_something(type_name, value):
            return (_UNNAMED,)
    return ()


def _says_something(type_name: str, value: dict[str, Any]) -> bool:
    reference = value.get("reference", {}) if type_name == "CodeableReference" else value
    is_one = type_name in ("Reference", "CodeableReference")
    return is_one and bool(reference.keys() - {"id", "extension"})


def other_rows(parameter: SearchParameter, type_name: str, value: Any) -> Iterable[OtherRow]:
    """The version that a canonical names, for `:below` and `:above`; the identifier in a reference for
    `:identifier`, and in R5 its display for the modifiers of texts."""
    if isinstance(value, str):
        return canonical.version_rows(value)
    found: list[OtherRow] = []
    reference = value.get("reference") if type_name == "CodeableReference" else value
    if not isinstance(reference, dict):
        return found
    if "identifier" in reference:
        identifiers = token.rows("Identifier", reference["identifier"])
        found += [(":identifier", "token", row) for row in identifiers]
    display = reference.get("display")
    if display and parameter.release.name == "r5":
        found.append((":text", "string", string_row(display)))
        if words(display):
            found.append((":text-advanced", "string", words_row(display)))
    return found


def _row(reference: str) -> Row:
    if reference.startswith(MARK):  # within this resource: where that is, index.py knows
        return reference, MARK, 0
    local = _LOCAL.fullmatch(reference)
    if local and local["type"]:
        return *local.group("id", "type"), 0
    url, version = split_canonical(reference)
    return exact_key(url), "", hash_key(version or "")


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    if modifier == "identifier":
        return token.code_predicate(parameter, (parameter.type_name, f"{parameter.code}:identifier"), text)
    if modifier in ("text", "code-text"):  # a reference has no code, so that both look at its display
        return string_predicate((parameter.type_name, f"{parameter.code}:text"), None, text)
    if modifier == "text-advanced":
        return words_predicate((parameter.type_name, f"{parameter.code}:text-advanced"), text)
    if modifier == "below" and parameter.is_canonical:
        return canonical.below(parameter, text)
    if modifier == "above" and parameter.is_canonical:
        return canonical.above(parameter, text, context)
    if modifier in ("above", "below"):
        return _along_hierarchies(parameter, modifier, text, context)
    if modifier:
        if not _LOCAL.fullmatch(text) or "/" in text:
            raise Invalid(f"`{parameter.code}:{modifier}` takes the id of a {modifier}, not `{text}`")
        return _local(parameter, modifier, text)
    local = _LOCAL.fullmatch(_relative(text, context.bases))
    if local:
        _refuse_version(parameter, local)
        return _local(parameter, local["type"], local["id"])
    if ":" not in text:
        raise _no_reference(parameter, text)
    url, bar, version = text.partition("|")
    tests = [Compare("target", "eq", exact_key(url)), Compare("target_type", "eq", "")]
    if bar:
        tests.append(Compare("version_hash", "eq", hash_key(version)))
    return Indexed("reference", parameter.key, tuple(tests))


def _relative(text: str, bases: tuple[str, ...]) -> str:
    for base in bases:
        if text.startswith(base + "/"):
            return text[len(base) + 1 :]
    return text


def _refuse_version(parameter: SearchParameter, local: re.Match[str]) -> None:
    """R5: "server implementations MAY return an error when using this syntax"."""
    if local["version"]:
        raise NotSupported(
            f"Parameter `{parameter.code}`: references are not told apart by the version that they name;"
            f" leave out `{local['version']}`"
        )


def _local(parameter: SearchParameter, type_name: str | None, logical_id: str) -> Predicate:
    tests = [Compare("target", "eq", logical_id)]
    if type_name:
        if parameter.targets and type_name not in parameter.targets:
            raise Invalid(
                f"Parameter `{parameter.code}` does not refer to {type_name},"
                f" but to {', '.join(parameter.targets)}"
            )
        tests.append(Compare("target_type", "eq", type_name))
    return Indexed("reference", parameter.key, tuple(tests))


def _no_reference(parameter: SearchParameter, text: str) -> Invalid:
    return Invalid(
        f"Parameter `{parameter.code}`: `{text}` is no reference;"
        " write `Type/id`, `id`, a URL or `url|version`"
    )


def _along_hierarchies(parameter: SearchParameter, modifier: str, text: str, context: Context) -> Predicate:
    """What the text names and all above or below it, as one list of places in the index."""
    if context.hierarchies is None:
        raise NotSupported(f"`{parameter.code}:{modifier}` is not supported here")
    found = hierarchies_of(parameter)
    relative = _relative(text, context.bases)
    local = _LOCAL.fullmatch(relative)
    if local is None and ":" not in text:
        raise _no_reference(parameter, text)
    if local:
        _refuse_version(parameter, local)
    if local and local["type"]:
        if local["type"] not in found:
            raise Invalid(
                f"`{parameter.code}:{modifier}`: {local['type']} has no hierarchy here;"
                f" with one: {', '.join(found)}"
            )
        found = {local["type"]: found[local["type"]]}
    may_follow = [one for one in found.values() if one.type_name in context.hierarchies.readable]
    if not may_follow:
        raise NotSupported(
            f"`{parameter.code}:{modifier}` looks through resources of type {' or '.join(found)},"
            " which are not served here or may not be searched"
        )
    follow = context.hierarchies.below if modifier == "below" else context.hierarchies.above
    # An id alone names a resource of any type, those without a hierarchy too.
    places: list[Place] = []
    for one in may_follow:
        places += follow((local["id"], one.type_name) if local else (exact_key(text), ""), one)
    anywhere = local["id"] if local and not local["type"] else None
    return _places_predicate(parameter, places, anywhere)


def _places_predicate(parameter: SearchParameter, places: list[Place], anywhere: str | None) -> Predicate:
    """One condition for all places, in the order in which the index is sought."""
    by_type: dict[str, list[str]] = {}
    for target, type_name in dict.fromkeys(places):
        by_type.setdefault(type_name, []).append(target)
    groups = [
        (Compare("target", "in", tuple(targets)), Compare("target_type", "eq", type_name))
        for type_name, targets in by_type.items()
    ]
    if len(groups) == 1 and anywhere is None:
        return Indexed("reference", parameter.key, groups[0])
    every = Compare("target", "in", tuple(dict.fromkeys(target for target, _ in places)))
    alone = [(Compare("target", "eq", anywhere),)] if anywhere is not None else []
    return Indexed("reference", parameter.key, (every, AnyOf((*groups, *alone))))
