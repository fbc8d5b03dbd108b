"""/embed/<slug>: the page in a portal's frame, and the script for the page around it."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fhir_service.content.topic import Topic
from tests.delivery.pages.conftest import Serve
from tests.delivery.pages.reading import read

EMBED = "/embed/ivig-itp"
SCRIPT = "/embed/education-height-1.js"
GUIDE = Path(__file__).parents[3] / "docs/embedding.md"


def test_an_embed_has_the_whole_page_and_nothing_around_it(client: FlaskClient) -> None:
    html, page = read(client.get(EMBED).text), read(client.get("/topics/ivig-itp").text)
    sections = [one.text for one in page.all("section") if "aria-labelledby" in one.attributes]
    assert [one.text for one in html.all("section")] == [words for words in sections if "FHIR" not in words]
    assert not html.all("header") and not html.all("nav")


@pytest.mark.parametrize("query", ["?section=side-effects", "?theme=light&section=key-points"])
def test_a_part_leads_to_the_whole_page_in_the_same_frame(client: FlaskClient, query: str) -> None:
    (link,) = read(client.get(EMBED + query).text).all("a")
    assert link.attributes["href"].partition("?")[0] == f"http://localhost{EMBED}"
    assert "target" not in link.attributes


@pytest.mark.parametrize(
    ("ancestors", "directive"),
    [
        (("*",), None),
        (("'none'",), "frame-ancestors 'none'"),
        (("https://a.test", "https://*.b.test"), "frame-ancestors https://a.test https://*.b.test"),
    ],
)
def test_the_site_says_who_may_frame_an_embed(
    serve: Serve, ivig: Topic, ancestors: tuple[str, ...], directive: str | None
) -> None:
    client = serve(ivig, frame_ancestors=ancestors)
    policy = client.get(EMBED).headers["Content-Security-Policy"].split("; ")
    assert [part for part in policy if part.startswith("frame-ancestors")] == (
        [directive] if directive else []
    )
    failure = client.get("/embed/none").headers["Content-Security-Policy"]
    assert ("frame-ancestors" in failure) == bool(directive) and (directive or "") in failure
    for path in ("/", "/topics/ivig-itp", "/topics/ivig-itp/v/0.1.0", "/topics/none"):
        assert "frame-ancestors 'self'" in client.get(path).headers["Content-Security-Policy"]


def test_a_host_that_isolates_itself_may_frame_an_embed(client: FlaskClient) -> None:
    headers = client.get(EMBED).headers
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"


def test_the_height_script_is_small_and_is_the_only_one(client: FlaskClient) -> None:
    (script,) = [one for one in read(client.get(EMBED).text).all("script") if "type" not in one.attributes]
    assert 'type: "education-height", slug: slug, height: height' in script.text
    assert len(script.text.encode()) <= 2048


def test_the_hosts_script_is_kept_for_good_and_the_guide_has_its_hash(client: FlaskClient) -> None:
    answer = client.get(SCRIPT)
    digest = base64.b64encode(hashlib.sha384(answer.data).digest()).decode()
    assert len(answer.data) <= 2048
    assert f'integrity="sha384-{digest}"' in GUIDE.read_text(encoding="utf-8")
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_the_hosts_script_heeds_only_the_frame_and_the_origin_it_came_from(client: FlaskClient) -> None:
    script = client.get(SCRIPT).text
    assert "event.source !== frame.contentWindow" in script
    assert "event.origin ===" in script
