"""Which pages there are: the one list that every check of this folder goes through.

It is found by asking the running service: from SEEDS along every link to a page of its own, and for each
topic and language the pages that nothing has to link to (OF_A_TOPIC). A new topic, language or linked page
is checked without a line here; a page that nothing links to is one line in SEEDS or OF_A_TOPIC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import httpx

RELEASES = ("r4", "r4b", "r5")
# Where the walk starts. A missing page is a page, too; what Infobutton finds is the topic's own page.
SEEDS = (
    "/",
    "/topics/no-such-topic",
    "/infobutton/application?mainSearchCriteria.v.c=0&mainSearchCriteria.v.cs=2.16.840.1.113883.6.88",
    "/infobutton/application?age.v.v=old",
)
OF_A_TOPIC = ("/embed/{slug}", "/embed/{slug}?lang={lang}", "/topics/{slug}/diary?lang={lang}")
TOPIC = re.compile(r"/topics/([a-z0-9-]+)(?:\?.*)?")
LANGUAGE = re.compile(r"[?&]lang=([a-zA-Z-]+)")
MOST = 150  # pages; more is a walk that does not end, such as a calendar's
BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@dataclass
class Pages:
    """What a walk found: the HTML of each page by its path, and the links that lead nowhere."""

    html: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def find_pages(origin: str) -> Pages:
    """Every page of the service. One that is the same to the byte at two paths is in the list once."""
    found = Pages()
    with httpx.Client(base_url=origin, headers=BROWSER, timeout=30, trust_env=False) as client:
        waiting = [(path, "") for path in (*SEEDS, *_education_pages(client))]
        seen: set[str] = set()
        while waiting:
            path, linked_from = waiting.pop(0)
            if path in seen:
                continue
            seen.add(path)
            answer = client.get(path)
            if answer.is_error and linked_from:
                found.broken.append(f"{linked_from} links to {path}: {answer.status_code}")
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                if answer.text not in found.html.values():
                    found.html[path] = answer.text
                waiting += [(link, path) for link in links(origin, path, answer.text)]
            waiting += [(one, "") for one in _of_its_topic(seen)]
            assert len(found.html) <= MOST, f"more than {MOST} pages: {list(found.html)}"
    return found


def _education_pages(client: httpx.Client) -> Iterator[str]:
    """The page that each release keeps as a Binary, by language."""
    for release in RELEASES:
        for entry in client.get(f"/fhir/{release}/Binary", headers={"Accept": "*/*"}).json().get("entry", []):
            if entry["resource"]["contentType"].startswith("text/html"):
                yield f"/fhir/{release}/Binary/{entry['resource']['id']}"


def _of_its_topic(seen: set[str]) -> Iterator[str]:
    """The pages that no page has to link to, of every topic and language met so far."""
    topics = {match[1] for path in seen if (match := TOPIC.fullmatch(path))} - {"feed"}
    languages = {match[1] for path in seen if (match := LANGUAGE.search(path))} | {"en"}
    for pattern in OF_A_TOPIC:
        for slug in sorted(topics):
            for lang in sorted(languages):
                if (path := pattern.format(slug=slug, lang=lang)) not in seen:
                    yield path


def links(origin: str, path: str, html: str) -> Iterator[str]:
    """The service's own paths that a page leads to, in its order."""
    parser = _Links()
    parser.feed(html)
    for link in parser.found:
        url = urldefrag(urljoin(origin + path, link)).url
        if url.startswith(origin + "/"):
            yield url.removeprefix(origin)


class _Links(HTMLParser):
    """Collects where `a`, `iframe` and `link` lead."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = {"a": "href", "area": "href", "link": "href", "iframe": "src"}.get(tag)
        self.found += [value for key, value in attrs if key == name and value]
