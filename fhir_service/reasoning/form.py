"""What a Questionnaire and its answers hold: items, answers, and the extensions that SDC gives a meaning.

https://hl7.org/fhir/R4/questionnaire.html and https://build.fhir.org/ig/HL7/sdc/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_service.errors import Unprocessable
from fhir_service.fhir.path import Item
from fhir_service.releases import Release

Json = dict[str, Any]

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
UNIT = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"
VARIABLE = "http://hl7.org/fhir/StructureDefinition/variable"
FHIRPATH = "text/fhirpath"


def extensions(element: Json, url: str) -> list[Json]:
    return [one for one in element.get("extension", ()) if one.get("url") == url]


def part(extension: Json, name: str) -> Json | None:
    """The part of that name of a complex extension."""
    return next((one for one in extension.get("extension", ()) if one.get("url") == name), None)


def value_of(element: Json, release: Release, prefix: str = "value") -> Item | None:
    """The choice element of that prefix (`valueQuantity`, `answerCoding`), with its type."""
    for key, value in element.items():
        kind = key.removeprefix(prefix)
        if key.startswith(prefix) and kind[:1].isupper():
            return _type_name(kind, release), value, element.get(f"_{key}")
    return None


def member(prefix: str, type_name: str) -> str:
    """`value` and `dateTime` -> `valueDateTime`"""
    return f"{prefix}{type_name[:1].upper()}{type_name[1:]}"


def all_items(holder: Json) -> Iterator[Json]:
    """Every item of a Questionnaire or of an item, before what is nested in it."""
    for item in holder.get("item", ()):
        yield item
        yield from all_items(item)


def answered_below(holder: Json) -> Iterator[Json]:
    """The items of a response directly below: those of a group, and those of a question's answers."""
    yield from holder.get("item", ())
    for answer in holder.get("answer", ()):
        yield from answer.get("item", ())


def by_link_id(items: Iterable[Json]) -> dict[str, list[Json]]:
    """The items of a response under the linkIds that they answer, each list in their order."""
    found: dict[str, list[Json]] = {}
    for item in items:
        found.setdefault(item["linkId"], []).append(item)
    return found


def is_answered(item: Json) -> bool:
    """Whether a response's item, or any below it, has an answer with a value."""
    return bool(values(item)) or any(is_answered(one) for one in answered_below(item))


def values(item: Json) -> list[Json]:
    """The answers that say something: an answer may hold nothing but items, or extensions."""
    return [answer for answer in item.get("answer", ()) if any(key.startswith("value") for key in answer)]


def place(item: Json | None) -> str:
    """Where it stands in a Questionnaire, as FHIRPath."""
    return f"Questionnaire.repeat(item).where(linkId = '{item['linkId']}')" if item else "Questionnaire"


def named(item: Json | None) -> str:
    """What to call it in a message."""
    return f"Item `{item['linkId']}`" if item else "The Questionnaire"


def unsupported(text: str, item: Json | None) -> Unprocessable:
    """The refusal of what a form asks for at an item, or at its root."""
    return Unprocessable(f"{named(item)}: {text}", issue_code="not-supported", expression=(place(item),))


def _type_name(kind: str, release: Release) -> str:
    return kind if kind in release.type_names else kind[:1].lower() + kind[1:]
