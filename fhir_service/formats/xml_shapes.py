"""How each type of a release looks in XML: which names it has, in which order, and what each of them holds.

https://hl7.org/fhir/R4/xml.html
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fhir_service.releases import Element, Release, TypeDefinition

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"


class Holds(Enum):
    """What stands in an element."""

    PRIMITIVE = auto()
    """An attribute `value`, perhaps an id and extensions."""
    COMPLEX = auto()
    """Elements of its type."""
    RESOURCE = auto()
    """One element that is named like a resource type."""
    XHTML = auto()
    """It is the div of a narrative."""
    ATTRIBUTE = auto()
    """It is an attribute of its parent."""


@dataclass(frozen=True, slots=True)
class Member:
    """A name that may stand in a type: `valueQuantity` is one member, of the element `value[x]`."""

    name: str
    element: str
    """The name in the definitions and in FHIRPath: `value`."""
    type_name: str
    holds: Holds
    place: int
    """Of its element in the type's order: the members of a choice share one."""
    repeats: bool
    number: str
    """boolean, integer or decimal when JSON writes the value without quotes, else empty."""

    @property
    def sibling(self) -> str:
        """Where JSON keeps the id and the extensions of a primitive."""
        return "_" + self.name


@dataclass(frozen=True, slots=True)
class Shape:
    """A type with its members, by their names and by the names of their `_` siblings."""

    name: str
    members: dict[str, Member]
    siblings: dict[str, Member]
    qualified: dict[str, Member]
    """The members that are XML elements, by namespace and name as the parser joins them."""
    attributes: dict[str, Member]
    allowed: str
    """The names of its elements, for people."""


@cache
def shape(release: Release, type_name: str) -> Shape:
    """The shape of a resource type, datatype, primitive or backbone path.

    :raises KeyError: the release has no such type
    """
    definition = release.type_definition(type_name)
    members = _members(release, definition)
    elements = [member for member in members if member.holds is not Holds.ATTRIBUTE]
    return Shape(
        name=type_name,
        members={member.name: member for member in members},
        siblings={member.sibling: member for member in elements if member.holds is Holds.PRIMITIVE},
        qualified={
            f"{XHTML if member.holds is Holds.XHTML else FHIR} {member.name}": member for member in elements
        },
        attributes={member.name: member for member in members if member.holds is Holds.ATTRIBUTE},
        allowed=", ".join(
            element.name + "[x]" * element.is_choice
            for element in definition.elements.values()
            if not element.is_xml_attribute
        ),
    )


def _members(release: Release, definition: TypeDefinition) -> list[Member]:
    return [
        Member(
            name=name,
            element=element.name,
            type_name=type_name,
            holds=_holds(release, element, type_name),
            place=place,
            repeats=element.repeats,
            number=_number(release, type_name),
        )
        for place, element in enumerate(definition.elements.values())
        for name, type_name in element.json_names
    ]


def _holds(release: Release, element: Element, type_name: str) -> Holds:
    if element.is_xml_attribute:
        return Holds.ATTRIBUTE
    if type_name == "xhtml":
        return Holds.XHTML
    kind = release.type_definition(type_name).kind
    if kind == "resource":
        return Holds.RESOURCE
    return Holds.PRIMITIVE if kind == "primitive-type" else Holds.COMPLEX


def _number(release: Release, type_name: str) -> str:
    # R5's integer64 is a string in JSON, and no integer in the definitions.
    return next((name for name in ("boolean", "integer", "decimal") if release.is_a(type_name, name)), "")
