"""What a release says of its types: elements with their types, cardinality, flags, bindings and targets.

https://hl7.org/fhir/R4/elementdefinition.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple


class Binding(NamedTuple):
    """The value set an element's codes come from, without its version; `example` bindings are not kept."""

    strength: str
    value_set: str


class Invariant(NamedTuple):
    """A rule in FHIRPath that instances of an element must meet."""

    key: str
    severity: str
    expression: str
    human: str


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type. A backbone element's type is its own path (`Patient.contact`)."""

    name: str
    types: tuple[str, ...]
    min: int = 0
    max: int | None = 1
    """None: any number."""
    summary: bool = False
    modifier: bool = False
    binding: Binding | None = None
    targets: tuple[str, ...] = ()
    """Resource types a Reference or CodeableReference may point to; empty or `Resource`: any."""
    canonical_targets: tuple[str, ...] = ()
    is_choice: bool = False
    is_reused: bool = False
    """The content is defined elsewhere (contentReference): `types` names that path."""
    is_xml_attribute: bool = False
    is_hierarchy: bool = False
    """References to the same type form a strict hierarchy: none ever leads back to where it began."""

    @property
    def repeats(self) -> bool:
        return self.max is None or self.max > 1

    @property
    def json_names(self) -> tuple[tuple[str, str], ...]:
        """The property names this element has in JSON, each with its type: valueQuantity, valueString..."""
        if not self.is_choice:
            return ((self.name, self.types[0]),)
        return tuple((self.name + name[0].upper() + name[1:], name) for name in self.types)


@dataclass(frozen=True)
class TypeDefinition:
    """A resource type, datatype, primitive or backbone path with all its elements in their order."""

    name: str
    kind: str
    """resource, complex-type, primitive-type or backbone"""
    base: str | None
    elements: Mapping[str, Element]
    is_abstract: bool = False
    regex: str | None = None
    """What a primitive's value must match, as a whole."""

    @cached_property
    def json_names(self) -> dict[str, tuple[Element, str]]:
        """JSON property name -> the element and its type, in the order of the specification."""
        return {
            name: (element, kind) for element in self.elements.values() for name, kind in element.json_names
        }


def element_from_data(name: str, row: Mapping[str, Any]) -> Element:
    """Return the element that a row of elements.json describes."""
    binding = row.get("binding")
    return Element(
        name=name,
        types=tuple(row["types"]),
        min=row.get("min", 0),
        max=row.get("max", 1),
        summary=row.get("summary", False),
        modifier=row.get("modifier", False),
        binding=Binding(*binding) if binding else None,
        targets=tuple(row.get("targets", ())),
        canonical_targets=tuple(row.get("canonicals", ())),
        is_choice=row.get("choice", False),
        is_reused=row.get("reuses", False),
        is_xml_attribute=row.get("xml") == "attribute",
        is_hierarchy=row.get("hierarchy", False),
    )
