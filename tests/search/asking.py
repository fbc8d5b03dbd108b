"""What to ask of a search parameter, made of the values that it has somewhere.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from tests.search.naive import codings, strings
from tests.search.naive_ranges import Value, dates
from tests.search.naive_units import UCUM

PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
VALUES = 3
"""How many of a parameter's values are asked for."""
LONGEST = 150
"""Longer texts are not asked for: they only repeat what shorter ones show."""


# Which types the specification says that each kind of parameter looks at; elements may hold others.
READ = {
    "token": "CodeableConcept CodeableReference Coding ContactPoint Identifier boolean code id string uri",
    "string": "Address HumanName markdown string",
    "reference": "CodeableReference Reference canonical uri",
    "uri": "canonical oid uri url uuid",
    "date": "Period Timing date dateTime instant",
    "number": "Range decimal integer integer64 positiveInt unsignedInt",
    "quantity": "Age Count Distance Duration Money MoneyQuantity Quantity Range SampledData SimpleQuantity",
}

# The part of a CodeableReference that each looks at.
PARTS = {"reference": "reference", "token": "concept"}


def is_read(kind: str, value: Value, targets: Collection[str] = ()) -> bool:
    """Whether a parameter of that kind looks at the value; a Bundle holds some targets itself."""
    type_name, held = value
    if type_name in targets:
        return "id" in held
    if held is None or (isinstance(held, dict) and held.keys() <= {"id", "extension"}):
        return False
    return type_name in READ[kind].split() and (type_name != "CodeableReference" or PARTS[kind] in held)


class Asked(NamedTuple):
    """`parameter[:modifier]=text`."""

    modifier: str
    text: str


def questions(kind: str, values: Sequence[Any], parts: Sequence[str], seed: str) -> list[Asked]:
    """What to ask of a parameter whose values over all resources these are; the same for the same seed."""
    chance = random.Random(seed)
    every = list({repr(value): value for value in values}.values())
    chosen = chance.sample(every, min(VALUES, len(every)))
    if kind == "composite":
        asked = [Asked("", text) for value in [*chosen, *mixed(values)] for text in composites(value, parts)]
    else:
        asked = [Asked("missing", "true")]
        for place, value in enumerate(chosen):
            asked += ASKERS[kind](value, place == 0)
    return [one for one in dict.fromkeys(asked) if one.text and len(one.text) <= LONGEST]


def escaped(text: str) -> str:
    return re.sub(r"([\\,|$])", r"\\\1", text)


def tokens(value: Value, first: bool) -> Iterator[Asked]:
    namespaced = value[0] not in ("code", "boolean", "ContactPoint", "string", "uri", "id")
    for system, code in itertools.islice(codings(value), 2):
        if code:
            yield Asked("", escaped(code))
            if first:
                yield Asked("not", escaped(code))
        if namespaced and code:
            yield Asked("", f"{escaped(system or '')}|{escaped(code)}")
        if first and namespaced and system:
            yield Asked("", f"{escaped(system)}|")


def texts(value: Value, first: bool) -> Iterator[Asked]:
    for text in itertools.islice(strings(value), 3):
        start = text[:7].strip()
        if start:
            yield Asked("", escaped(start.upper()))
            yield Asked("exact", escaped(text))
        if first and text[2:8].strip():
            yield Asked("contains", escaped(text[2:8].strip()))


def references(value: Value, first: bool) -> Iterator[Asked]:
    kind, held = value
    if kind == "CodeableReference":
        held = held.get("reference", {})
    if isinstance(held, dict):
        inside = kind not in ("Reference", "CodeableReference")
        held = f"{kind}/{held['id']}" if inside else held.get("reference", "")
    if held.startswith("#") or re.search(r"[,$\\ ]|/urn:", held):
        return
    held = held.partition("/_history/")[0].partition("#")[0]
    local = re.fullmatch(r"[A-Z][A-Za-z]+/([A-Za-z0-9.-]+)", held)
    if not local and ":" not in held:
        return
    yield Asked("", held)
    yield Asked("", local[1] if local else held.partition("|")[0])


def uris(value: Value, first: bool) -> Iterator[Asked]:
    yield Asked("", escaped(value[1]))


def times(value: Value, first: bool) -> Iterator[Asked]:
    kind, held = value
    if not list(dates(value)):
        return
    text = held
    if not isinstance(held, str):
        bounds = held.get("repeat", {}).get("boundsPeriod", held)
        text = bounds.get("start") or bounds.get("end") or held.get("event", ["2020-02-20"])[0]
    for prefix in PREFIXES if first else ("", "ge", "lt"):
        yield Asked("", prefix + text)
    for cut in (4, 7, 10):
        for prefix in PREFIXES if first and cut == 7 else ("", "ap"):
            yield Asked("", prefix + text[:cut])


def amounts(value: Value, first: bool) -> Iterator[Asked]:
    for text in points(value):
        for prefix in PREFIXES if first else ("", "gt", "le"):
            yield Asked("", prefix + text)


def points(value: Value) -> list[str]:
    kind, held = value
    if not isinstance(held, dict):
        return [held]
    ends = [held.get("low", {}), held.get("high", {}), held.get("origin", {}), held]
    return [str(end["value"]) for end in ends if "value" in end]


def quantities(value: Value, first: bool) -> Iterator[Asked]:
    yield from amounts(value, first)
    kind, held = value
    unit = held.get("low") or held.get("high") or held.get("origin") or held
    code = held.get("currency") if kind == "Money" else unit.get("code")
    system = "urn:iso:std:iso:4217" if kind == "Money" else unit.get("system", "")
    for text in points(value):
        if code:
            yield Asked("", f"{text}|{escaped(system)}|{escaped(code)}")
            yield Asked("", f"ge{text}||{escaped(code)}")
            if code[0] == "m" and system == UCUM:
                # Milligrams as grams; where what is left is no unit, both sides must say so.
                yield Asked("", f"{Decimal(text).scaleb(-3)}|{escaped(system)}|{escaped(code[1:])}")
        if unit.get("unit"):
            yield Asked("", f"{text}||{escaped(unit['unit'])}")


def mixed(elements: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The first part of an element with the others of its neighbour: together they match neither."""
    return [[one[0], *other[1:]] for one, other in itertools.pairwise(elements) if one[0] != other[0]][
        :VALUES
    ]


def composites(element: Sequence[Sequence[Value]], parts: Sequence[str]) -> Iterator[str]:
    """Each part's first and last question about its first value, side by side."""
    lists = []
    for kind, found in zip(parts, element, strict=True):
        asked = [one.text for value in found[:1] for one in ASKERS[kind](value, False) if not one.modifier]
        if not asked:
            return
        lists.append(asked)
    for place in (0, -1):
        yield "$".join(asked[place] for asked in lists)


ASKERS: dict[str, Callable[[Value, bool], Iterator[Asked]]] = {
    "token": tokens,
    "string": texts,
    "reference": references,
    "uri": uris,
    "date": times,
    "number": amounts,
    "quantity": quantities,
}
