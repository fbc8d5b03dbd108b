"""The div of a narrative: JSON holds it as a string, XML as markup, and both hold the same characters.

https://hl7.org/fhir/R4/narrative.html#xhtml
"""

from __future__ import annotations

import re
from xml.parsers import expat

from fhir_service.formats.xml_shapes import XHTML

# A start tag; quoted values may hold >.
_START_TAG = re.compile(rb"<(?:([^\s:/>]+):)?div((?:\s+[^\s=/>]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*/?>")
_DEFAULT_NAMESPACE = re.compile(rb"\sxmlns\s*=")


def problem(text: str) -> str | None:
    """Why this text cannot stand in XML as a narrative's div; None when it can."""
    if "<!DOCTYPE" in text:
        return "it has a document type declaration"
    roots: list[str] = []
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")

    def start(name: str, attributes: dict[str, str]) -> None:
        roots.append(name)
        parser.StartElementHandler = None

    parser.StartElementHandler = start
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        return str(error)
    if roots != [f"{XHTML} div"]:
        return f"it must be one div in the namespace {XHTML}"
    return None if text.startswith("<div") else "it must start with <div"


def standing_alone(source: bytes) -> str:
    """The div as it was written in a document, with what it took from around it: the namespace.

    Nothing else changes: its quotes, entities, comments and line ends stay.
    """
    tag = _START_TAG.match(source)
    if tag is None:  # a name like {div} that only a hostile document has; the gate refuses it
        return source.decode()
    prefix, attributes = tag.groups()
    if prefix is not None:
        declared = rb"\sxmlns:" + re.escape(prefix) + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')"
        source = re.sub(declared, b"", source[: tag.end()]) + source[tag.end() :]
        source = re.sub(rb"(</?)" + re.escape(prefix) + rb":", rb"\1", source)
    if not _DEFAULT_NAMESPACE.search(attributes):
        source = source.replace(b"<div", b'<div xmlns="' + XHTML.encode() + b'"', 1)
    return source.decode()
