"""FHIR XML as the JSON object it stands for.

https://hl7.org/fhir/R4/xml.html

Read by the parser of the standard library with everything switched off that makes XML dangerous: a document
type declaration is refused before the parser sees it, so no entity can be expanded and nothing fetched.

What the specification forbids is refused and not mended: elements out of their order too. The official
validator does the same, and a client that sends them has most likely put one into the wrong place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from xml.parsers import expat

from fhir_service.errors import Invalid
from fhir_service.formats import xhtml
from fhir_service.formats.decimals import number_of
from fhir_service.formats.fhir_json import MAX_DEPTH, is_deeper
from fhir_service.formats.xml_shapes import FHIR, Holds, Member, Shape, shape

if TYPE_CHECKING:
    from fhir_service.releases import Release

_BOM = b"\xef\xbb\xbf"
_DOCTYPE = b"<!DOCTYPE"
_SCHEMA_LOCATION = "http://www.w3.org/2001/XMLSchema-instance schemaLocation"
_BLANK = " \t\r\n"

_WRITTEN_NAME = re.compile(rb"[^\s/>]+")
_INTEGER = re.compile(r"[+-]?[1-9][0-9]{0,17}|0", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


def read(body: bytes, release: Release) -> dict[str, Any]:
    """The resource; comments and processing instructions are dropped, a narrative's div is kept as it is.

    :raises Invalid: it says at which line and column, and at which element
    """
    source = body.removeprefix(_BOM)
    try:
        source.decode()
    except UnicodeDecodeError as error:
        raise _invalid("The body is not UTF-8", *_position(source, error.start)) from None
    declared = source.find(_DOCTYPE)
    if declared >= 0:  # this cannot stand in text or attributes, where < is written as a reference
        reason = "A document type declaration is not allowed"
        raise _invalid(reason, *_position(source, declared))
    return _Reader(release, source).read()


@dataclass(slots=True)
class _Open:
    """An element that has not ended yet."""

    shape: Shape | None  # None: it holds a resource, not elements
    member: Member | None  # None: it is a resource
    content: dict[str, Any] = field(default_factory=dict)
    value: Any = None  # of a primitive
    last: Member | None = None
    holed: list[str] | None = None  # members whose arrays hold null


class _Reader:
    """Takes the parser's events; `opened` are the elements around the current place, the root first."""

    def __init__(self, release: Release, source: bytes) -> None:
        self.release = release
        self.source = source
        self.opened: list[_Open] = []
        self.resource: dict[str, Any] = {}
        self.deepest = 0
        self.div_from = 0
        self.div_depth = 0
        # The encoding is fixed: UTF-8 is the only one that FHIR allows, whatever the document says.
        self.parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.XmlDeclHandler = self.declaration
        self.watch_elements()

    def read(self) -> dict[str, Any]:
        try:
            self.parser.Parse(self.source, True)
        except expat.ExpatError as error:
            reason = f"The XML is malformed: {expat.ErrorString(error.code)}"
            raise _invalid(reason, error.lineno, error.offset + 1) from None
        if self.deepest > MAX_DEPTH // 2 and is_deeper(self.resource, MAX_DEPTH):
            raise Invalid(f"The XML is nested deeper than {MAX_DEPTH} levels.", issue_code="structure")
        return self.resource

    def watch_elements(self) -> None:
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text

    def declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "us-ascii"):
            self.refuse(f"The encoding {encoding} is not allowed; FHIR is UTF-8")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        opened = self.opened
        if len(opened) >= self.deepest:
            self.deepest = len(opened)
            if self.deepest > MAX_DEPTH:
                self.refuse(f"The XML is nested deeper than {MAX_DEPTH} levels")
        parent = opened[-1] if opened else None
        if parent is None or parent.shape is None:
            self.start_resource(name, attributes, parent)
            return
        member = self.member_of(name, parent, parent.shape)
        if member.holds is Holds.XHTML:
            self.start_div()
            return
        of = None if member.holds is Holds.RESOURCE else shape(self.release, member.type_name)
        element = _Open(of, member)
        opened.append(element)
        if attributes:
            self.attributes(element, member, attributes)

    def start_resource(self, name: str, attributes: dict[str, str], parent: _Open | None) -> None:
        namespace, _, type_name = name.rpartition(" ")
        if namespace != FHIR:
            self.refuse(f"`{type_name}` is in the namespace `{namespace}`; a resource is in {FHIR}")
        if type_name not in self.release.resource_types:
            self.refuse(f"{self.release.label} has no resource type `{type_name}`")
        if parent is not None and parent.content:
            self.refuse("One element holds one resource")
        for key in attributes:
            if key != _SCHEMA_LOCATION:
                self.refuse(f"A resource has no attribute `{key}`")
        of = shape(self.release, type_name)
        self.opened.append(_Open(of, None, {"resourceType": type_name}))

    def member_of(self, name: str, parent: _Open, of: Shape) -> Member:
        member = of.qualified.get(name)
        if member is None:
            self.refuse_element(name, of)
        last = parent.last
        if last is not None:
            if member.place < last.place:
                self.refuse(f"`{member.name}` stands after `{last.name}`; in `{of.name}` it comes before it")
            if member is last and not member.repeats:
                self.refuse(f"`{member.name}` is given twice; in `{of.name}` it occurs once at most")
        parent.last = member
        return member

    def attributes(self, element: _Open, member: Member, attributes: dict[str, str]) -> None:
        allowed = element.shape.attributes if element.shape is not None else {}
        for key, text in attributes.items():
            if key == "value" and member.holds is Holds.PRIMITIVE:
                element.value = self.value_of(text, member) if member.number else text
            elif key in allowed:
                element.content[key] = text
            elif key != _SCHEMA_LOCATION:
                self.refuse(f"`{member.name}` has no attribute `{key}`")

    def value_of(self, text: str, member: Member) -> Any:
        """The value of a type that JSON writes without quotes."""
        if member.number == "boolean" and text in _BOOLEANS:
            return _BOOLEANS[text]
        if member.number == "integer" and _INTEGER.fullmatch(text):
            return int(text)
        if member.number == "decimal" and _DECIMAL.fullmatch(text):
            try:
                return number_of(text)
            except ValueError:
                self.refuse("The number is out of range", "value")
        self.refuse(f"`{text}` is no {member.type_name}", "value")

    def text(self, text: str) -> None:
        if text.strip(_BLANK):
            self.refuse("Text may stand in a narrative's div only")

    def end(self, name: str) -> None:
        element = self.opened.pop()
        content, member = element.content, element.member
        for key in element.holed or ():
            if all(value is None for value in content[key]):
                del content[key]
        if member is None:
            self.end_resource(content)
            return
        if not content and element.value is None:
            self.refuse(f"`{member.name}` is empty")
        parent = self.opened[-1]
        if member.holds is Holds.PRIMITIVE:
            _add_primitive(parent, member, element.value, content)
        elif member.repeats:
            parent.content.setdefault(member.name, []).append(content)
        else:
            parent.content[member.name] = content

    def end_resource(self, resource: dict[str, Any]) -> None:
        if self.opened:  # what holds it has no content of its own, and so becomes the resource
            self.opened[-1].content = resource
        else:
            self.resource = resource

    def start_div(self) -> None:
        self.div_from = self.parser.CurrentByteIndex
        self.div_depth = 1
        self.parser.StartElementHandler = self.start_in_div
        self.parser.EndElementHandler = self.end_in_div
        self.parser.CharacterDataHandler = None

    def start_in_div(self, name: str, attributes: dict[str, str]) -> None:
        self.div_depth += 1
        if self.div_depth > MAX_DEPTH:
            self.refuse(f"The narrative is nested deeper than {MAX_DEPTH} levels")

    def end_in_div(self, name: str) -> None:
        self.div_depth -= 1
        if self.div_depth:
            return
        end = self.parser.CurrentByteIndex
        written = _WRITTEN_NAME.match(self.source, self.div_from + 1)
        if written and self.source.startswith(b"</" + written[0], end):  # else it is <div/>, behind us
            end = self.source.index(b">", end) + 1
        self.opened[-1].content["div"] = xhtml.standing_alone(self.source[self.div_from : end])
        self.watch_elements()

    def refuse_element(self, name: str, of: Shape) -> NoReturn:
        namespace, _, local_name = name.rpartition(" ")
        member = of.members.get(local_name)
        if member is not None and member.holds is not Holds.ATTRIBUTE:
            self.refuse(f"`{local_name}` is in the wrong namespace `{namespace}`")
        label = self.release.label
        self.refuse(f"`{of.name}` has no element `{local_name}` in {label}; it has: {of.allowed}")

    def refuse(self, reason: str, issue_code: str = "structure") -> NoReturn:
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        raise _invalid(reason, line, column, issue_code, _path(self.opened))


def _add_primitive(parent: _Open, member: Member, value: Any, sibling: dict[str, Any]) -> None:
    """Put a primitive into JSON's two places: the value, and beside it the id and the extensions."""
    content = parent.content
    if not member.repeats:
        if value is not None:
            content[member.name] = value
        if sibling:
            content[member.sibling] = sibling
        return
    values = content.setdefault(member.name, [])
    values.append(value)
    if value is None and member.name not in (parent.holed or ()):
        parent.holed = [*(parent.holed or ()), member.name]
    if sibling or member.sibling in content:
        siblings = content.setdefault(member.sibling, [None] * (len(values) - 1))
        siblings.append(sibling or None)


def _path(opened: list[_Open]) -> tuple[str, ...]:
    """Where the parser is, in FHIRPath."""
    if not opened:
        return ()
    steps = [opened[0].content["resourceType"]]
    for parent, element in zip(opened, opened[1:], strict=False):
        if element.member is not None:
            name = element.member.element
            repeated = len(parent.content.get(element.member.name, ()))
            steps.append(f"{name}[{repeated}]" if element.member.repeats else name)
    return (".".join(steps),)


def _position(source: bytes, position: int) -> tuple[int, int]:
    before = source[:position].decode()
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _invalid(
    reason: str, line: int, column: int, issue_code: str = "structure", expression: tuple[str, ...] = ()
) -> Invalid:
    return Invalid(f"{reason} (line {line}, column {column}).", issue_code=issue_code, expression=expression)
