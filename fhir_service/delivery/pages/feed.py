"""What has changed and when, for portals that keep copies: `/topics/feed`, Atom.

https://www.rfc-editor.org/rfc/rfc4287

An entry for each published version of each topic, for the version of today, and for a retirement, the newest
first. Ids are tag URIs, the same on every host.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from flask import Response, request

from fhir_service.content.publisher import review_line, standing
from fhir_service.delivery.atom import NAMESPACE, moment, tag
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import kept
from fhir_service.delivery.doors import Doors, name_content
from fhir_service.delivery.pages.links import FHIR_JSON
from fhir_service.releases import RELEASES
from fhir_service.topics import BuiltTopic

ATOM_TYPE = "application/atom+xml"


def feed(doors: Doors) -> Response:
    base, topics = base_url(request.environ, doors.settings), doors.topics
    response = Response(feed_document(doors, base), content_type=f"{ATOM_TYPE}; charset=utf-8")
    name_content(response, topics.by_slug.values())
    return kept(response)


def feed_document(doors: Doors, base: str) -> bytes:
    publisher = doors.topics.publisher
    words = publisher.words(publisher.notices[0].language)
    entries = [entry for built in doors.topics.by_slug.values() for entry in _entries(doors, built, base)]
    entries.sort(
        key=lambda entry: (entry.findtext("updated") or "", entry.findtext("id") or ""), reverse=True
    )
    root = Element("feed", {"xmlns": NAMESPACE, "xml:lang": words.language})
    _text(root, "id", tag(publisher, "topics"))
    _text(root, "title", words.site_title)
    _text(root, "updated", max([moment(publisher.released), *(str(e.findtext("updated")) for e in entries)]))
    SubElement(root, "link", {"rel": "self", "type": ATOM_TYPE, "href": f"{base}/topics/feed"})
    SubElement(root, "link", _html("alternate", f"{base}/"))
    _text(SubElement(root, "author"), "name", publisher.name)
    root.extend(entries)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _entries(doors: Doors, built: BuiltTopic, base: str) -> Iterator[Element]:
    """One for each version, the version of today last."""
    topic, publisher = built.topic, doors.topics.publisher
    released = {one.version: one.released for one in doors.topics.published[built.slug].values()}
    for version, date in (released | {topic.version: topic.released}).items():
        href = f"{base}/topics/{built.slug}"
        entry = Element("entry")
        _text(entry, "id", tag(publisher, built.slug, version))
        _text(entry, "title", f"{topic.title}, {version}")
        _text(entry, "updated", moment(date))
        SubElement(entry, "link", _html("alternate", f"{href}/v/{version}"))
        SubElement(entry, "link", _html("latest-version", href))
        if version == topic.version:
            _text(entry, "summary", f"{topic.description} {review_line(topic, publisher.notices[0])}")
            for name in RELEASES:
                library = f"{base}/fhir/{name}/Library/{built.slug}-library"
                SubElement(entry, "link", {"rel": "related", "type": FHIR_JSON, "href": library})
        yield entry
    if topic.retired:
        yield _retirement(doors, built, base)


def _retirement(doors: Doors, built: BuiltTopic, base: str) -> Element:
    """That a topic is not shown any more, and what is instead."""
    topic, publisher = built.topic, doors.topics.publisher
    retired = topic.retired
    assert retired is not None
    entry = Element("entry")
    _text(entry, "id", tag(publisher, built.slug, "retired"))
    _text(entry, "title", topic.title)
    _text(entry, "updated", moment(retired.date))
    SubElement(entry, "link", _html("alternate", f"{base}/topics/{built.slug}"))
    if retired.replaced_by:
        SubElement(entry, "link", _html("successor-version", f"{base}/topics/{retired.replaced_by}"))
    _text(entry, "summary", " ".join(standing(topic, publisher.notices[0])[:-1]))
    return entry


def _html(relation: str, href: str) -> dict[str, str]:
    return {"rel": relation, "type": "text/html", "href": href}


def _text(parent: Element, name: str, words: str) -> None:
    SubElement(parent, name).text = words
