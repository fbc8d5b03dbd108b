"""FHIR datatypes from the values of a topic; the same JSON in every release.

https://hl7.org/fhir/R4/datatypes.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..topic import CodedText, Coding

Resource = dict[str, Any]
Element = dict[str, Any]


def coding(value: Coding) -> Element:
    element = {"system": value.system, "code": value.code}
    if value.display:
        element["display"] = value.display
    return element


def codeable_concept(text: str, codings: Iterable[Coding] = ()) -> Element:
    coded = [coding(value) for value in codings]
    return {"coding": coded, "text": text} if coded else {"text": text}


def concept_of(value: CodedText) -> Element:
    return codeable_concept(value.text, value.codings)


def reference(resource_type: str, resource_id: str, display: str | None = None) -> Element:
    """A relative literal reference: the same bytes on every host."""
    element = {"reference": f"{resource_type}/{resource_id}"}
    if display:
        element["display"] = display
    return element
