"""Token search: a code, with or without the system that it belongs to.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fhir_service.errors import Invalid, NotSupported, ServiceError
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.full_text import words
from fhir_service.search.keys import after_prefix, exact_key, fold, hash_key
from fhir_service.search.param_types import Context, OtherRow, Row
from fhir_service.search.param_types.advanced_text import words_predicate, words_row
from fhir_service.search.param_types.string import string_predicate, string_row
from fhir_service.search.predicates import AnyOf, Compare, Indexed, Key, Nothing, Predicate, any_of
from fhir_service.search.values import split, split_once, unescape

COLUMNS = ("code", "system_hash")

# A code element has no system of its own: its binding implies one. Rows of such elements carry this mark,
# which the implied systems match and `|code` (explicitly no system) does not.
IMPLIED_SYSTEM = 1


def modifiers(parameter: SearchParameter) -> tuple[str, ...]:
    types = parameter.path.types or frozenset(("Identifier",))
    of_type = ("of-type",) if "Identifier" in types else ()
    coded = ("in", "not-in", "below", "above") if types & _CODED else ()
    of_r5 = ("code-text", "text-advanced") if parameter.release.name == "r5" else ()
    return ("not", "text", *of_type, *coded, *of_r5)


# What holds codes of code systems; an identifier's value or a telephone number is none.
_CODED = frozenset(("code", "Coding", "CodeableConcept", "CodeableReference"))


def rows(type_name: str, value: Any) -> Iterable[Row]:
    if isinstance(value, dict):
        return dict.fromkeys(_pairs(type_name, value)) or _without_code(type_name, value)
    if isinstance(value, bool):
        return (("true" if value else "false", IMPLIED_SYSTEM),)
    if not isinstance(value, str):
        return ()
    if type_name == "string":
        return ((exact_key(value.casefold()), 0),)
    return ((exact_key(value), IMPLIED_SYSTEM if type_name == "code" else 0),)


def _pairs(type_name: str, value: dict[str, Any]) -> list[Row]:
    codings = value.get("coding")
    if codings is None and isinstance(concept := value.get("concept"), dict):
        codings = concept.get("coding")
    if isinstance(codings, list):
        found = [_pair(coding.get("code"), coding.get("system")) for coding in codings]
    elif type_name != "Coding" and isinstance(identifier := value.get("value"), str):
        # Identifier, and ContactPoint, whose system is a code and no namespace.
        found = [_pair(identifier, value.get("system") if type_name == "Identifier" else None)]
    elif type_name != "ContactPoint":
        found = [_pair(value.get("code"), value.get("system"))]
    else:
        found = []
    return [pair for pair in found if pair]


def _without_code(type_name: str, value: dict[str, Any]) -> Iterator[Row]:
    """A row that no code finds, so that a concept in words alone is not `:missing`."""
    held = value.get("concept", {}) if type_name == "CodeableReference" else value
    if held.keys() - {"id", "extension"}:
        yield "", 0


def other_rows(parameter: SearchParameter, type_name: str, value: Any) -> list[OtherRow]:
    """What `:text` and R5's modifiers look for, and identifiers together with their type for `:of-type`."""
    found: list[OtherRow] = []
    of_r5 = parameter.release.name == "r5"
    for text in _texts(type_name, value):
        found.append((":text", "string", string_row(text)))
        if of_r5 and words(text):
            found.append((":text-advanced", "string", words_row(text)))
    if of_r5:
        # A code without capitals is found among the plain rows.
        codes = (code for code, _ in rows(type_name, value) if isinstance(code, str) and code != fold(code))
        found += [(":code-text", "token", (fold(code), 0)) for code in codes]
    if type_name == "Identifier" and "value" in value:
        for coding in value.get("type", {}).get("coding", ()):
            if pair := _pair(coding.get("code"), coding.get("system")):
                found.append((":of-type", "token", (exact_key(f"{pair[0]}|{value['value']}"), pair[1])))
    return found


def _pair(code: str | None, system: str | None) -> Row | None:
    """A system alone is found by `system|`."""
    return (exact_key(code or ""), hash_key(system or "")) if code or system else None


def _texts(type_name: str, value: Any) -> Iterable[str]:
    """The words that stand beside a code: the concept's own, and each coding's display, mostly the same."""
    if not isinstance(value, dict):
        return ()
    concept = value.get("type") if type_name == "Identifier" else value.get("concept", value)
    if not isinstance(concept, dict):
        return ()
    displays = [coding.get("display") for coding in concept.get("coding", ())]
    return filter(None, dict.fromkeys((concept.get("text"), concept.get("display"), *displays)))


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    if modifier == "of-type":
        return _of_type(parameter, text)
    if modifier == "text-advanced":
        return words_predicate(_suffixed(parameter, ":text-advanced"), unescape(text))
    if modifier in ("text", "code-text"):
        named = string_predicate(_suffixed(parameter, ":text"), None, unescape(text))
        return named if modifier == "text" else any_of((named, *_code_text(parameter, fold(unescape(text)))))
    if modifier == "below" and parameter.holds_media_types:
        return _below_media_type(parameter, text)
    if modifier in ("in", "below", "above"):
        return _one_of_codes(parameter, modifier, text, context)
    return code_predicate(parameter, parameter.key, text)


def _code_text(parameter: SearchParameter, start: str) -> Iterator[Predicate]:
    """Codes that start so, whatever their case."""
    starts = (Compare("code", "ge", start), Compare("code", "lt", after_prefix(start)))
    yield Indexed("token", parameter.key, starts)
    yield Indexed("token", _suffixed(parameter, ":code-text"), starts)


def code_predicate(parameter: SearchParameter, key: Key, text: str) -> Predicate:
    """`code`, `system|code`, `|code` or `system|`, under a key that may not be the parameter's own."""
    system, bar, code = split_once(text, "|")
    if not bar:
        system, code = "", system
    if parameter.ignores_case:
        code = code.casefold()
    tests: list[Compare] = []
    if code:
        tests.append(Compare("code", "eq", exact_key(code)))
    if bar and system:
        tests.append(_of_system(parameter, system))
    elif bar:
        tests.append(Compare("system_hash", "eq", 0))
    if not code and not system:
        raise Invalid(f"Parameter `{parameter.code}` needs `code`, `system|code`, `|code` or `system|`")
    return Indexed("token", key, tuple(tests))


def _of_system(parameter: SearchParameter, system: str) -> Compare:
    """One value where there can be no other: rows of a code and one system stand in order (store/sql.py)."""
    systems = parameter.implied_systems
    if systems is not None and system not in systems:
        return Compare("system_hash", "eq", hash_key(system))
    if not parameter.finds_systems:
        return Compare("system_hash", "eq", IMPLIED_SYSTEM)
    return Compare("system_hash", "in", (hash_key(system), IMPLIED_SYSTEM))


def _one_of_codes(parameter: SearchParameter, modifier: str, text: str, context: Context) -> Predicate:
    """`:in` a value set, `:below` or `:above` a code: terminology says which codes these are."""
    if context.codes is None:
        raise NotSupported(f"`{parameter.code}:{modifier}` is not supported here")
    try:
        if modifier == "in":
            found = context.codes.in_value_set(_relative(unescape(text), context.bases))
        else:
            ask = context.codes.below if modifier == "below" else context.codes.above
            found = ask(*_system_and_code(parameter, modifier, text))
    except ServiceError as failure:
        issue = failure.issues[0]
        raise Invalid(
            f"Parameter `{parameter.code}:{modifier}`: {issue.diagnostics}", issue_code=issue.code
        ) from None
    return _codes_predicate(parameter, found)


def _below_media_type(parameter: SearchParameter, text: str) -> Predicate:
    """`text/xml` with any parameters after it, or all of `image`.

    https://hl7.org/fhir/R4/search.html#mimetype
    """
    system, bar, code = split_once(text, "|")
    if not bar:
        system, code = "", system
    if not code:
        raise Invalid(f"`{parameter.code}:below` takes a media type, such as `text/xml` or `image`")
    of_system = (_of_system(parameter, system),) if system else ()
    starts = [f"{code};", f"{code} "] if "/" in code else [f"{code}/"]
    tests = [(Compare("code", "eq", exact_key(code)), *of_system)]
    tests += [
        (Compare("code", "ge", start), Compare("code", "lt", after_prefix(start)), *of_system)
        for start in starts
    ]
    return any_of(Indexed("token", parameter.key, one) for one in tests)


def _codes_predicate(parameter: SearchParameter, found: Mapping[str, Sequence[str]]) -> Predicate:
    """One condition for all the codes, in the order in which the index is sought."""
    codes = {system: tuple(map(exact_key, held)) for system, held in found.items() if held}
    if not codes:
        return Nothing()
    every = Compare("code", "in", tuple(dict.fromkeys(code for held in codes.values() for code in held)))
    if len(codes) == 1:
        return Indexed("token", parameter.key, (every, _of_system(parameter, next(iter(codes)))))
    groups = tuple(
        (Compare("code", "in", held), _of_system(parameter, system)) for system, held in codes.items()
    )
    return Indexed("token", parameter.key, (every, AnyOf(groups)))


def _system_and_code(parameter: SearchParameter, modifier: str, text: str) -> tuple[str, str]:
    system, bar, code = split_once(text, "|")
    if not bar:
        # A code element has the system that its binding implies.
        implied = parameter.implied_systems or frozenset()
        system, code = (next(iter(implied)) if len(implied) == 1 else ""), system
    if not system or not code:
        raise Invalid(f"`{parameter.code}:{modifier}` takes `system|code`")
    return system, code


def _relative(text: str, bases: tuple[str, ...]) -> str:
    """A value set of this service may be given by its full address."""
    for base in bases:
        if text.startswith(f"{base}/ValueSet/"):
            return text[len(base) + 1 :]
    return text


def _of_type(parameter: SearchParameter, text: str) -> Predicate:
    parts = [unescape(part) for part in split(text, "|")]
    if len(parts) != 3 or not all(parts[1:]):
        raise Invalid(f"`{parameter.code}:of-type` takes `system|code|value`: a type's coding and the value")
    system, code, value = parts
    tests = [Compare("code", "eq", exact_key(f"{code}|{value}"))]
    if system:
        tests.append(Compare("system_hash", "eq", hash_key(system)))
    return Indexed("token", _suffixed(parameter, ":of-type"), tuple(tests))


def _suffixed(parameter: SearchParameter, suffix: str) -> Key:
    return (parameter.type_name, parameter.code + suffix)
