"""A resource as FHIR XML, with its elements in the order of the definitions.

https://hl7.org/fhir/R4/xml.html
"""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NoReturn

from fhir_service.errors import NotAcceptable
from fhir_service.formats import xhtml
from fhir_service.formats.xml_shapes import FHIR, Holds, Member, Shape, shape

if TYPE_CHECKING:
    from fhir_service.releases import Release

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

# A parser turns a line end in an attribute into a space unless it is written as a reference.
_REFERENCES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
_SPECIAL = re.compile(f"[{''.join(_REFERENCES)}]")
# XML 1.0 cannot hold these, not even as references. In UTF-8 they are the same bytes wherever they stand.
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r")
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())


def write(resource: dict[str, Any], release: Release, pretty: bool = False) -> bytes:
    """The resource as UTF-8; `pretty` puts each element on a line of its own.

    :raises NotAcceptable: it holds what XML has no place for
    """
    written = [_DECLARATION]
    _Writer(release, written).resource(resource, "\n" if pretty else "", f' xmlns="{FHIR}"')
    if pretty:
        written.append("\n")
    body = "".join(written).encode()
    clean = body.translate(None, _CONTROLS)
    if len(clean) != len(body) or any(character in body for character in _NONCHARACTERS):
        _refuse("it holds a character that XML does not allow")
    return body


class _Writer:
    """Appends to `written`; `space` is what stands before a tag: nothing, or a line break and its indent."""

    def __init__(self, release: Release, written: list[str]) -> None:
        self.release = release
        self.written = written

    def resource(self, value: Any, space: str, namespace: str = "") -> None:
        type_name = value.get("resourceType") if isinstance(value, dict) else None
        if type_name not in self.release.resource_types:
            _refuse(f"{self.release.label} has no resource type `{type_name}`")
        self.element(type_name, value, shape(self.release, type_name), space, namespace)

    def element(self, name: str, value: Any, of: Shape, space: str, attributes: str = "") -> None:
        """An element with the members of a type; the attributes of the type come before `attributes`."""
        if not isinstance(value, dict):
            _refuse(f"`{name}` is no object")
        members = self.in_order(value, of)
        if of.attributes:
            own = [_attribute(key, value[key]) for key in of.attributes if key in value]
            attributes = "".join(own) + attributes
        if not members:
            self.written.append(f"{space}<{name}{attributes}/>")
            return
        self.written.append(f"{space}<{name}{attributes}>")
        inner = space and space + "  "
        for member in members:
            self.member(member, value, inner)
        self.written.append(f"{space}</{name}>")

    def in_order(self, value: dict[str, Any], of: Shape) -> list[Member]:
        members: list[Member] = []
        for key in value:
            member = of.members.get(key)
            if member is None:
                member = of.siblings.get(key)
                if member is None and key != "resourceType":
                    _refuse(f"`{of.name}` has no element `{key}` in {self.release.label}")
                if member is None or member.name in value:
                    continue
            if member.holds is not Holds.ATTRIBUTE:
                members.append(member)
        members.sort(key=_place)
        return members

    def member(self, member: Member, parent: dict[str, Any], space: str) -> None:
        value = parent.get(member.name)
        if member.holds is Holds.PRIMITIVE:
            self.primitives(member, value, parent.get(member.sibling), space)
        elif member.holds is Holds.COMPLEX:
            of = shape(self.release, member.type_name)
            for item in _items(value):
                self.element(member.name, item, of, space)
        elif member.holds is Holds.RESOURCE:
            for item in _items(value):
                self.written.append(f"{space}<{member.name}>")
                self.resource(item, space and space + "  ")
                self.written.append(f"{space}</{member.name}>")
        else:
            self.division(value, space)

    def primitives(self, member: Member, value: Any, sibling: Any, space: str) -> None:
        if sibling is None and type(value) is not list:  # nearly all of them
            self.written.append(f"{space}<{member.name}{_attribute('value', value)}/>")
            return
        for item, more in zip_longest(_items(value), _items(sibling)):
            if more is None:
                self.written.append(f"{space}<{member.name}{_attribute('value', item)}/>")
            else:
                attributes = "" if item is None else _attribute("value", item)
                of = shape(self.release, member.type_name)
                self.element(member.name, more, of, space, attributes)

    def division(self, value: Any, space: str) -> None:
        if not isinstance(value, str):
            _refuse("a narrative's div is no string")
        reason = xhtml.problem(value)
        if reason:
            _refuse(f"of its narrative: {reason}")
        self.written.append(space + value)


def _place(member: Member) -> int:
    return member.place


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _attribute(name: str, value: Any) -> str:
    match value:
        case str():
            text = _SPECIAL.sub(_reference, value)
        case bool():
            text = "true" if value else "false"
        case int() | Decimal():
            text = str(value)
        case _:
            _refuse(f"the {name} of an element is {type(value).__name__}, which XML cannot hold")
    return f' {name}="{text}"'


def _reference(found: re.Match[str]) -> str:
    return _REFERENCES[found[0]]


def _refuse(reason: str) -> NoReturn:
    raise NotAcceptable(f"The resource cannot be written as XML: {reason}. It can be had as JSON.")
