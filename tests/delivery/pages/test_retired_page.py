"""A retired topic: 410 with what replaces it, listed nowhere, its versions still there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fhir_service.content.source import Sources
from fhir_service.content.topic import Retirement, Topic
from fhir_service.content.versions import changed_words, publish
from tests.delivery.pages.conftest import Serve
from tests.delivery.pages.reading import read

SUCCESSOR = "http://localhost/topics/hand-washing"
ATOM = {"": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def retired(ivig: Topic) -> Topic:
    why = Retirement(date="2027-01-02", reason="Another page says it better.", replaced_by="hand-washing")
    return replace(ivig, retired=why)


@pytest.fixture
def successor(all_sources: Sources) -> Topic:
    return all_sources.topic("hand-washing")


@pytest.mark.parametrize(
    "path",
    [
        "/topics/ivig-itp",
        "/embed/ivig-itp",
        "/topics/ivig-itp/diary",
        "/topics/ivig-itp?section=side-effects",
    ],
)
def test_the_page_says_since_when_why_and_what_replaces_it(
    serve: Serve, retired: Topic, successor: Topic, path: str
) -> None:
    answer = serve(retired, successor).get(path)
    html = read(answer.text)
    assert (answer.status_code, answer.mimetype) == (410, "text/html")
    assert "This page was retired on 2027-01-02." in html.text
    assert "Another page says it better." in html.text
    assert "What is IVIG?" not in html.text
    assert html.one("a", href=SUCCESSOR).text == "How to Wash Your Hands"
    assert answer.headers["Link"] == f'<{SUCCESSOR}>; rel="successor-version"'


def test_nothing_need_replace_it(serve: Serve, retired: Topic) -> None:
    alone = replace(retired, retired=Retirement(date="2027-01-02", reason="It is out of date."))
    answer = serve(alone).get("/topics/ivig-itp")
    assert answer.status_code == 410 and "Link" not in answer.headers


def test_it_is_listed_nowhere_but_the_feed_tells(serve: Serve, retired: Topic, successor: Topic) -> None:
    client = serve(retired, successor)
    assert "ivig-itp" not in client.get("/").text
    root = ElementTree.fromstring(client.get("/topics/feed").data)
    entry = next(one for one in root.findall("entry", ATOM) if "retired" in str(one.findtext("id", "", ATOM)))
    assert entry.findtext("updated", "", ATOM) == root.findtext("updated", "", ATOM) == "2027-01-02T00:00:00Z"
    assert entry.findtext("summary", "", ATOM).startswith("This page was retired on 2027-01-02.")
    links = {one.attrib["rel"]: one.attrib["href"] for one in entry.findall("link", ATOM)}
    assert links["successor-version"] == SUCCESSOR


def test_its_versions_stay_and_say_what_they_said(
    serve: Serve, ivig: Topic, retired: Topic, successor: Topic, built: Path, all_sources: Sources
) -> None:
    publish(built, ivig, all_sources.publisher)
    before = serve(ivig).get("/topics/ivig-itp/v/0.1.0")
    after = serve(retired, successor).get("/topics/ivig-itp/v/0.1.0")
    assert (after.status_code, after.data) == (200, before.data)
    assert after.headers["Link"] == f'<{SUCCESSOR}>; rel="successor-version"'
    assert list(changed_words(built, retired, all_sources.publisher)) == []
