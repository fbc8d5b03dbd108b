"""/topics/<slug>/v/<version>: the same bytes for good, once they are published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fhir_service.content.source import Sources
from fhir_service.content.topic import Topic
from fhir_service.content.versions import publish
from tests.delivery.pages.conftest import Serve
from tests.delivery.pages.reading import read

PAGE = "/topics/ivig-itp"
VERSION = f"{PAGE}/v/0.1.0"


@pytest.fixture
def later(ivig: Topic) -> Topic:
    """Other words under another version."""
    return replace(ivig, version="0.2.0", texts=(replace(ivig.text, title="Other words"),))


def test_a_published_version_stays_when_the_topic_has_other_words(
    serve: Serve, ivig: Topic, later: Topic, built: Path, all_sources: Sources
) -> None:
    publish(built, ivig, all_sources.publisher)
    before = serve(ivig).get(VERSION)
    after = serve(later).get(VERSION)
    assert after.data == before.data == (built / "topics/ivig-itp/versions/0.1.0/page.en.html").read_bytes()
    assert after.headers["Topic-Content"] == before.headers["Topic-Content"]
    assert after.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert after.headers["ETag"] == before.headers["ETag"]
    html = read(after.text)
    assert html.one("h1").text == "IVIG Treatment for ITP"
    assert "This is version 0.1.0 of 2026-11-23, kept as it was shown." in html.text
    assert serve(later).get(PAGE).headers["Topic-Content"] != after.headers["Topic-Content"]


def test_its_bytes_are_the_same_on_every_host_and_lead_to_the_page_of_today(
    serve: Serve, ivig: Topic, built: Path, all_sources: Sources
) -> None:
    publish(built, ivig, all_sources.publisher)
    answer = serve(ivig, base_url="https://education.test/pages").get(VERSION)
    assert answer.data == serve(ivig).get(VERSION).data
    (link,) = read(answer.text).all("a")
    assert link.attributes["href"] == "../../ivig-itp"
    assert answer.headers["Link"] == '<https://education.test/pages/topics/ivig-itp>; rel="latest-version"'


def test_the_version_of_today_is_there_before_it_is_published_and_says_so(serve: Serve, ivig: Topic) -> None:
    client = serve(ivig)
    answer = client.get(VERSION)
    assert "This version is not published yet. Its words may still change." in read(answer.text).text
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert answer.headers["Topic-Content"] == client.get(PAGE).headers["Topic-Content"]


def test_a_version_that_never_was_names_those_that_were(
    serve: Serve, ivig: Topic, later: Topic, built: Path, all_sources: Sources
) -> None:
    publish(built, ivig, all_sources.publisher)
    answer = serve(later).get(f"{PAGE}/v/0.3.0")
    assert answer.status_code == 404
    assert "there are: 0.1.0, 0.2.0." in read(answer.text).text


@pytest.mark.parametrize(("lang", "language"), [("", "en"), ("?lang=de", "de"), ("?lang=de-AT", "de")])
def test_an_address_means_one_language_whatever_the_browser_prefers(
    serve: Serve, translated: Topic, built: Path, all_sources: Sources, lang: str, language: str
) -> None:
    publish(built, translated, all_sources.publisher)
    answer = serve(translated).get(VERSION + lang, headers={"Accept-Language": "de"})
    assert answer.headers["Content-Language"] == read(answer.text).one("html").attributes["lang"] == language
    assert "Vary" not in answer.headers


def test_a_draft_is_not_published_but_shown_where_the_site_serves_drafts(
    serve: Serve, translated: Topic, built: Path, all_sources: Sources
) -> None:
    publish(built, translated, all_sources.publisher)
    refused = serve(translated).get(f"{VERSION}?lang=es")
    assert refused.status_code == 404
    assert "it is there in: en, de." in read(refused.text).text
    answer = serve(translated, draft_languages="on").get(f"{VERSION}?lang=es")
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert read(answer.text).one("p", class_="draft")
    permanent = serve(translated, draft_languages="on").get(f"{PAGE}?lang=es").headers["Link"]
    assert f'<http://localhost{VERSION}?lang=es>; rel="bookmark"' in permanent
