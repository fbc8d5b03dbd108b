"""A feed as Atom, in the order of HL7's schema for knowledge responses.

https://www.rfc-editor.org/rfc/rfc4287; the schema is `knowledge_response.rng` beside this file.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from fhir_service.delivery.atom import NAMESPACE

from .feed import Category, Entry, Feed, Link


def to_atom(feed: Feed) -> bytes:
    root = Element("feed", {"xmlns": NAMESPACE, "xml:base": feed.base, "xml:lang": feed.language})
    _text(root, "title", feed.title, type="text")
    _text(root, "subtitle", feed.subtitle, type="text")
    author = SubElement(root, "author")
    _text(author, "name", feed.author)
    _text(author, "uri", feed.author_uri)
    _text(root, "updated", feed.updated)
    _categories(root, feed.categories)
    _text(root, "id", feed.id)
    _text(root, "rights", feed.rights, type="text")
    for entry in feed.entries:
        _entry(root, entry)
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True, short_empty_elements=True)
    return body


def _entry(root: Element, entry: Entry) -> None:
    element = SubElement(root, "entry", {"xml:lang": entry.language})
    _text(element, "title", entry.title, type="text")
    for link in entry.links:
        _link(element, link)
    _text(element, "id", entry.id)
    _text(element, "updated", entry.updated)
    _text(element, "summary", entry.summary, type="html")
    _categories(element, entry.categories)
    if entry.part_of:
        source = SubElement(element, "source")
        _text(source, "title", entry.part_of.title, type="text")
        _text(source, "id", entry.part_of.id)
        _text(source, "updated", entry.part_of.updated)


def _link(parent: Element, link: Link) -> None:
    names = {"href": link.href, "rel": link.rel, "type": link.type}
    SubElement(parent, "link", {**names, "hreflang": link.language, "title": link.title})


def _categories(parent: Element, categories: tuple[Category, ...]) -> None:
    for category in categories:
        SubElement(parent, "category", {"scheme": category.scheme, "term": category.term})


def _text(parent: Element, name: str, text: str, **attributes: str) -> None:
    SubElement(parent, name, attributes).text = text
