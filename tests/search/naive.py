"""Search as the specification words it, on values that another engine extracted: slow, plain, and not ours.

https://hl7.org/fhir/R4/search.html

Nothing here comes from `fhir_service`: where both agree, two readings of the specification agree. A
composite's value is a list of values for each of its parts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.search.naive_ranges import Value, date, number, numbers
from tests.search.naive_units import UCUM, conversion


def matches(kind: str, modifier: str, text: str, values: Sequence[Any], parts: Sequence[str] = ()) -> bool:
    """Whether a resource with these values satisfies `parameter:modifier=text`; one value, no list."""
    if modifier == "missing":
        return bool(values) == (text == "false")
    if modifier == "not":
        return not matches(kind, "", text, values, parts)
    if kind == "composite":
        asked = list(zip(parts, re.split(r"(?<!\\)\$", text), strict=True))
        return any(
            all(matches(part, "", one, found) for (part, one), found in zip(asked, element, strict=True))
            for element in values
        )
    if kind == "string" and modifier:
        return any(STRINGS[modifier](one, plain(text)) for value in values for one in strings(value))
    return any(MATCHERS[kind](value, text) for value in values)


def bars(text: str) -> list[str]:
    return [plain(part) for part in re.split(r"(?<!\\)\|", text)]


def plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


# token: https://hl7.org/fhir/R4/search.html#token


def token(value: Value, text: str) -> bool:
    asked = bars(text.casefold() if value[0] == "string" else text)
    for system, code in codings(value):
        if len(asked) == 1:
            if code == asked[0]:
                return True
        elif asked[0] == (system or "") and asked[1] in ("", code):
            return True
    return False


def codings(value: Value) -> Iterator[tuple[str | None, str | None]]:
    kind, held = value
    if kind == "CodeableReference":
        kind, held = "CodeableConcept", held.get("concept", {})
    if kind == "CodeableConcept":
        yield from ((coding.get("system"), coding.get("code")) for coding in held.get("coding", ()))
    elif kind == "Coding":
        yield held.get("system"), held.get("code")
    elif kind == "Identifier":
        yield held.get("system"), held.get("value")
    elif kind == "ContactPoint":
        yield None, held.get("value")
    elif isinstance(held, str):
        yield None, held.casefold() if kind == "string" else held


# string: https://hl7.org/fhir/R4/search.html#string


def string(value: Value, text: str) -> bool:
    return any(normal(one).startswith(normal(plain(text))) for one in strings(value))


STRINGS: dict[str, Callable[[str, str], bool]] = {
    "exact": lambda held, asked: held == asked,
    "contains": lambda held, asked: normal(asked) in normal(held),
}


def strings(value: Value) -> Iterator[str]:
    kind, held = value
    if isinstance(held, str):
        yield held
    for name in {
        "HumanName": ("text", "family", "given", "prefix", "suffix"),
        "Address": ("text", "line", "city", "district", "state", "postalCode", "country"),
    }.get(kind, ()):
        part = held.get(name, [])
        yield from [part] if isinstance(part, str) else (one for one in part if one)


def normal(text: str) -> str:
    """Without case, accents and double spaces."""
    letters = (
        letter for letter in unicodedata.normalize("NFKD", text) if unicodedata.category(letter) != "Mn"
    )
    return re.sub(r"\s+", " ", "".join(letters)).strip().casefold()


# reference and uri: https://hl7.org/fhir/R4/search.html#reference


def reference(value: Value, text: str) -> bool:
    kind, held = value
    if kind == "CodeableReference":
        held = held.get("reference", {})
    if isinstance(held, dict):
        # What a Bundle holds is named by its type and id, what is referred to by the reference.
        inside = kind not in ("Reference", "CodeableReference")
        held = f"{kind}/{held['id']}" if inside else held.get("reference", "")
    if re.fullmatch(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]+(/_history/.*)?", held):
        local: str = held.partition("/_history/")[0]
        return text in (local, local.partition("/")[2])
    url, _, version = held.partition("#")[0].partition("|")
    asked_url, bar, asked_version = text.partition("|")
    return bool(url) and url == asked_url and (not bar or version == asked_version)


def uri(value: Value, text: str) -> bool:
    kind, held = value
    without_version = held.partition("|")[0] if kind == "canonical" else held
    return plain(text) in (held, without_version)


# quantity: https://hl7.org/fhir/R4/search.html#quantity


def quantity(value: Value, text: str) -> bool:
    kind, held = value
    asked, *unit = bars(text)
    unit_of = held.get("low") or held.get("high") or held.get("origin") or held
    if bounds_missing(kind, held):
        return False
    if unit and unit[0] == UCUM == unit_of.get("system"):
        convert = conversion(unit_of.get("code"), unit[1])
        if convert:
            return numbers(kind, held, asked, convert)
    if not numbers(kind, held, asked):
        return False
    if not unit:
        return True
    system, code = unit
    if kind == "Money":
        return code == held.get("currency") and system in ("", "urn:iso:std:iso:4217")
    if system:
        return bool(system == unit_of.get("system") and code == unit_of.get("code"))
    return code in (unit_of.get("code"), unit_of.get("unit"))


def bounds_missing(kind: str, held: Any) -> bool:
    if kind == "Range":
        return "low" not in held and "high" not in held
    return "data" not in held if kind == "SampledData" else "value" not in held


MATCHERS: dict[str, Callable[[Value, str], bool]] = {
    "token": token,
    "string": string,
    "reference": reference,
    "uri": uri,
    "date": date,
    "number": number,
    "quantity": quantity,
}
