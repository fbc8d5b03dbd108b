"""/topics/feed: what changed and when."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from flask.testing import FlaskClient

from fhir_service.content.source import Sources
from fhir_service.content.topic import Topic
from fhir_service.content.versions import publish
from tests.delivery.pages.conftest import Serve

ATOM = {"": "http://www.w3.org/2005/Atom"}


def feed_of(client: FlaskClient) -> ElementTree.Element:
    answer = client.get("/topics/feed")
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.data)


def words(element: ElementTree.Element, name: str) -> str:
    found = element.findtext(name, namespaces=ATOM)
    assert found
    return found


def links(element: ElementTree.Element) -> dict[str, str]:
    return {one.attrib["rel"]: one.attrib["href"] for one in element.findall("link", ATOM)}


def test_the_feed_has_what_rfc_4287_demands(client: FlaskClient) -> None:
    root = feed_of(client)
    assert root.tag == "{http://www.w3.org/2005/Atom}feed"
    assert links(root) == {"self": "http://localhost/topics/feed", "alternate": "http://localhost/"}
    assert root.find("author", ATOM) is not None
    for element in (root, *root.findall("entry", ATOM)):
        assert words(element, "id").startswith("tag:education.test,2026:")
        assert words(element, "title")
        assert words(element, "updated").endswith("T00:00:00Z")
    ids = [words(entry, "id") for entry in root.findall("entry", ATOM)]
    assert len(set(ids)) == len(ids) == 2


def test_an_entry_leads_to_its_version_and_says_whether_it_is_reviewed(client: FlaskClient) -> None:
    entries = {words(one, "title"): one for one in feed_of(client).findall("entry", ATOM)}
    entry = entries["IVIG Treatment for ITP, 0.1.0"]
    assert links(entry)["alternate"] == "http://localhost/topics/ivig-itp/v/0.1.0"
    assert links(entry)["latest-version"] == "http://localhost/topics/ivig-itp"
    assert client.get(links(entry)["alternate"]).status_code == 200
    assert "Not yet reviewed by a clinician." in words(entry, "summary")


def test_every_version_has_an_entry_the_newest_first(
    serve: Serve, ivig: Topic, built: Path, all_sources: Sources
) -> None:
    publish(built, ivig, all_sources.publisher)
    root = feed_of(serve(replace(ivig, version="0.2.0", released="2026-12-24")))
    entries = [(words(one, "title"), words(one, "updated")) for one in root.findall("entry", ATOM)]
    assert entries == [
        ("IVIG Treatment for ITP, 0.2.0", "2026-12-24T00:00:00Z"),
        ("IVIG Treatment for ITP, 0.1.0", "2026-11-23T00:00:00Z"),
    ]
    assert words(root, "updated") == "2026-12-24T00:00:00Z"
