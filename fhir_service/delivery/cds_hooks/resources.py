"""FHIR resources of any release, read for the little that is needed and with trust in none of it.

https://hl7.org/fhir/R5/datatypes.html#CodeableReference and https://hl7.org/fhir/R4/references.html

A member of the wrong type is as good as none. Nothing here tells a client that its FHIR is invalid: that is
between the client and its own FHIR server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from fhir_service.content.topic import Coding
from fhir_service.context import Asked
from fhir_service.delivery.cds_hooks.supplied import Entry

Resource = Mapping[str, Any]

_MOST_CODINGS = 50
# More than the finder reads, so that what is cut off is not read either: it might have forbidden a topic.
_LONGEST = 4000
_REFERENCE = re.compile(
    r"(?:.*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?", re.ASCII | re.DOTALL
)


def objects(value: Any) -> Iterator[Resource]:
    """The objects of an element that may be one or an array of them, whatever the release."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield one


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def code_of(value: Any) -> str:
    """The code of a status: a code, or a CodeableConcept whose first code it is."""
    if isinstance(value, str):
        return value
    return next((coding.code for coding in concept(value).codings if coding.code), "")


def concept(value: Any) -> Asked:
    """A CodeableConcept, a Coding, or the concept of a CodeableReference: its codes, and its words."""
    codings: list[Coding] = []
    words: list[str] = []
    for one in objects(value):
        for held in objects(one.get("concept", one)):
            words.append(text_of(held.get("text"))[:_LONGEST])
            held_codings = islice(objects(held.get("coding", held)), _MOST_CODINGS)
            codings += [_coding(coding) for coding in held_codings]
    return _asked(codings, words)


def joined(parts: Iterable[Asked]) -> Asked:
    """Several descriptions of the same thing as one, so that a word in one of them counts for all."""
    parts = tuple(parts)
    return _asked(
        (coding for part in parts for coding in part.codings), (word for part in parts for word in part.words)
    )


def spoken(asked: Asked) -> tuple[str, ...]:
    """All words for a thing: its text, and what its codes are called."""
    displays = tuple(coding.display for coding in asked.codings if coding.display)
    return tuple(dict.fromkeys((*asked.words, *displays)))


def is_empty(asked: Asked) -> bool:
    return not asked.codings and not asked.words


def _coding(value: Resource) -> Coding:
    display = text_of(value.get("display"))[:_LONGEST]
    return Coding(text_of(value.get("system")), text_of(value.get("code")), display or None)


def _asked(codings: Iterable[Coding], words: Iterable[str]) -> Asked:
    told = (coding for coding in codings if coding.code or coding.display)
    said = (word for word in words if word.strip())
    return Asked(codings=tuple(dict.fromkeys(told)), words=tuple(dict.fromkeys(said)))


def target(value: Any) -> tuple[str, str] | None:
    """Type and id of what a Reference (or a CodeableReference) is to; None where it does not say so."""
    for one in objects(value):
        found = _REFERENCE.fullmatch(_reference(one))
        if found:
            return found["type"], found["id"]
    return None


def _reference(value: Resource) -> str:
    inner = value.get("reference")
    held = text_of(inner.get("reference") if isinstance(inner, dict) else inner)
    return held if len(held) <= _LONGEST else ""


def is_about(resource: Resource, patient_id: str) -> bool:
    """Whether a resource may be about this patient: it does not say that it is about another."""
    for element in ("subject", "patient"):
        found = target(resource.get(element))
        if found is not None and found != ("Patient", patient_id):
            return False
    return True


def by_address(entries: Iterable[Entry]) -> Mapping[str, Resource]:
    """The resources of a Bundle by what references call them: `Type/id`, or the fullUrl."""
    found: dict[str, Resource] = {}
    for entry in entries:
        for address in addresses(entry):
            found.setdefault(address, entry.resource)
    return found


def addresses(entry: Entry) -> Iterator[str]:
    if entry.full_url:
        yield entry.full_url
    logical_id = text_of(entry.resource.get("id"))
    if logical_id:
        yield f"{entry.resource['resourceType']}/{logical_id}"


def resolved(value: Any, holder: Resource, bundle: Mapping[str, Resource]) -> Resource | None:
    """The resource that a Reference is to: contained in its holder, or in the same Bundle."""
    for one in objects(value):
        reference = _reference(one)
        if reference.startswith("#"):
            contained = objects(holder.get("contained", []))
            return next((found for found in contained if found.get("id") == reference[1:]), None)
        if reference in bundle:
            return bundle[reference]
        named = target(one)
        return bundle.get("/".join(named)) if named else None
    return None


def display_of(value: Any) -> str:
    """What a Reference calls its target."""
    for one in objects(value):
        reference = one.get("reference")
        held = reference if isinstance(reference, dict) else one
        shown = text_of(held.get("display"))
        if shown:
            return shown[:_LONGEST]
    return ""
