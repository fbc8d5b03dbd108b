"""/topics/<slug>: what a parent reads, and what the answer says besides."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from fhir_service.content.source import Sources
from fhir_service.content.topic import Topic
from tests.delivery.pages.conftest import Serve
from tests.delivery.pages.reading import read

PAGE = "/topics/ivig-itp"
EVERY_PAGE = [
    "/",
    PAGE,
    f"{PAGE}?section=side-effects-after",
    f"{PAGE}/v/0.1.0",
    "/embed/ivig-itp",
    "/topics/hand-washing",
    "/topics/hand-washing/v/0.1.0",
    "/embed/hand-washing",
    "/topics/none",
]


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_every_page_is_well_formed_and_asks_for_nothing_else(client: FlaskClient, path: str) -> None:
    html = read(client.get(path).text)
    assert html.one("html").attributes["lang"] == "en"
    assert html.one("title").text and len(html.all("h1")) == 1 and len(html.all("main")) == 1
    assert not html.all("img") and not html.all("iframe") and not html.all("form")
    fetched = [one for one in html.all("link") if one.attributes["rel"] in ("stylesheet", "preload", "icon")]
    assert all(one.attributes["href"].startswith("data:") for one in fetched)
    assert not [one for one in html.elements if "src" in one.attributes or "style" in one.attributes]


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_the_service_notice_stands_at_the_foot_of_every_page(
    client: FlaskClient, path: str, all_sources: Sources
) -> None:
    notice = all_sources.publisher.notices[0].service
    assert read(client.get(path).text).one("footer").text.strip().startswith(notice)


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_ids_are_unique_and_every_fragment_leads_to_one(client: FlaskClient, path: str) -> None:
    html = read(client.get(path).text)
    ids = [one.attributes["id"] for one in html.elements if "id" in one.attributes]
    assert len(set(ids)) == len(ids)
    targets = [one.attributes["href"][1:] for one in html.all("a") if one.attributes["href"].startswith("#")]
    labels = {one.attributes.get("aria-labelledby") for one in html.elements} - {None}
    assert {*targets, *labels} <= set(ids)


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_only_what_stands_in_the_page_is_allowed(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    html = read(answer.text)

    def allowed(texts: list[str]) -> str:
        digests = (hashlib.sha256(text.encode()).digest() for text in texts)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    scripts = [one.text for one in html.all("script") if "type" not in one.attributes]
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == allowed([one.text for one in html.all("style")])
    assert policy.get("script-src", "") == allowed(scripts)
    assert "unsafe" not in str(policy) and "http" not in str(policy)
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_every_page_keeps_to_its_budget(client: FlaskClient, path: str) -> None:
    page = client.get(path).data
    assert len(gzip.compress(page)) <= 14_000 and len(page) <= 60_000


def test_the_review_line_stands_right_below_the_title_until_a_review_is_recorded(
    serve: Serve, ivig: Topic, reviewed: Topic
) -> None:
    line = "Not yet reviewed by a clinician. Based on a page reviewed in September 2022."
    html = read(serve(ivig).get(PAGE).text)
    assert html.elements[html.elements.index(html.one("h1")) + 1].text == line
    text = read(serve(reviewed).get(PAGE).text).text
    assert line not in text
    assert "Reviewed by a clinician (pediatric hematologist) on 2026-12-01." in text


def test_the_two_lists_stand_on_one_band_that_says_that_others_are_possible(client: FlaskClient) -> None:
    html = read(client.get(PAGE).text)
    band, spans = html.one("div", class_="band"), html.one("div", class_="spans")
    assert "during the treatment or after it" in band.text
    assert "a side effect that is not on these lists" in band.text
    assert html.one("div", class_="time").text.split() == (band.text + " " + spans.text).split()
    during = html.one("section", aria_labelledby="side-effects-during")
    after = html.one("section", aria_labelledby="side-effects-after")
    assert spans.text.split() == (during.text + " " + after.text).split()
    assert "Headache" in during.text and "Joint pain" not in during.text
    assert "more than a day after treatment" in after.text


def test_a_topic_without_side_effects_has_no_picture(client: FlaskClient) -> None:
    html = read(client.get("/topics/hand-washing").text)
    assert "Rub every part of your hands." in html.text
    assert not [one for one in html.all("div") if one.attributes.get("class") in ("time", "band", "spans")]


def test_the_contents_list_every_section_of_the_page(client: FlaskClient, ivig: Topic) -> None:
    nav = read(client.get(PAGE).text)
    listed = [one.attributes["href"] for one in nav.all("a") if one.attributes["href"].startswith("#")]
    assert listed == ["#main", *(f"#{section.code}" for section in ivig.text.sections)]


@pytest.mark.parametrize("section", ["side-effects", "side-effects-after", "telling-the-doctor-or-nurse"])
def test_a_part_is_shown_within_its_whole_section(client: FlaskClient, section: str) -> None:
    html = read(client.get(f"{PAGE}?section={section}&theme=dark").text)
    assert [one.text for one in html.all("h2")] == ["Side effects of IVIG", "About this page"]
    assert "a side effect that is not on these lists" in html.text
    assert f"http://localhost{PAGE}?theme=dark" in [one.attributes["href"] for one in html.all("a")]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_is_named_on_the_page(client: FlaskClient, theme: str) -> None:
    assert read(client.get(f"{PAGE}?theme={theme}").text).one("html").attributes["data-theme"] == theme


@pytest.mark.parametrize("query", ["?theme=auto", "?lang=&section=&theme=", "?utm_source=portal", ""])
def test_what_asks_for_nothing_changes_nothing(client: FlaskClient, query: str) -> None:
    assert client.get(PAGE + query).data == client.get(PAGE).data


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("section=sides", ["section", "side-effects-during", "about-the-source"]),
        ("theme=blue", ["theme", "auto, light, dark"]),
        ("lang=e*n", ["lang", "language tag"]),
        ("lang=en&lang=es", ["lang", "once"]),
        ("section=%ff", ["section", "what-is-ivig"]),
        ("section=%3Cscript%3E", ["section", "what-is-ivig"]),
    ],
)
@pytest.mark.parametrize("place", ["topics", "embed"])
def test_a_parameter_that_cannot_be_read_is_a_page_that_says_what_is_allowed(
    client: FlaskClient, place: str, query: str, told: list[str]
) -> None:
    answer = client.get(f"/{place}/ivig-itp?{query}")
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert answer.headers["Cache-Control"] == "no-store"
    assert all(words in read(answer.text).text for words in told)


@pytest.mark.parametrize(
    "path",
    [
        "/topics/none",
        "/embed/none",
        "/embed",
        f"{PAGE}/v",
        f"{PAGE}/v/9.9.9",
        f"{PAGE}/more",
    ],
)
def test_what_is_not_there_is_a_page_that_leads_on(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert read(answer.text).one("h1").text == "There is no such page"
    assert "http://localhost/" in [one.attributes["href"] for one in read(answer.text).all("a")]


def test_a_slash_at_the_end_leads_to_the_page(client: FlaskClient) -> None:
    answer = client.get(f"{PAGE}/?theme=dark")
    assert (answer.status_code, answer.headers["Location"]) == (308, f"http://localhost{PAGE}?theme=dark")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", PAGE, "/embed/ivig-itp", "/topics/feed"])
def test_a_page_can_only_be_read(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method, data="x")
    assert (answer.status_code, answer.mimetype) == (405, "text/html")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", [*EVERY_PAGE[:-1], "/topics/feed", "/embed/education-height-1.js"])
def test_head_and_conditional_requests_spare_the_body(client: FlaskClient, path: str) -> None:
    whole = client.get(path)
    head = client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.data))
    again = client.get(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_the_answer_names_the_content_it_was_made_of(client: FlaskClient, all_sources: Sources) -> None:
    header = client.get(PAGE).headers["Topic-Content"]
    assert re.fullmatch(r'ivig-itp="ni:///sha-256;[A-Za-z0-9_-]{43}"', header)
    assert header in client.get("/").headers["Topic-Content"].split(", ")


def test_a_page_leads_to_its_permanent_form_and_to_the_same_content_as_fhir(client: FlaskClient) -> None:
    answer = client.get(PAGE)
    link = answer.headers["Link"]
    assert f'<http://localhost{PAGE}>; rel="canonical"' in link
    assert f'<http://localhost{PAGE}/v/0.1.0>; rel="bookmark"' in link
    for release in ("r4", "r4b", "r5"):
        for place in ("Composition/ivig-itp-education-en", "DocumentReference/ivig-itp-education-en"):
            assert f'<http://localhost/fhir/{release}/{place}>; rel="alternate"' in link
        assert f"<http://localhost/fhir/{release}/Library/ivig-itp-library>" in link
    visible = [one.attributes["href"] for one in read(answer.text).all("a")]
    assert f"http://localhost{PAGE}/v/0.1.0" in visible
    assert "http://localhost/fhir/r5/Composition/ivig-itp-education-en" in visible


def test_the_page_says_how_easy_it_is_to_read(client: FlaskClient, ivig: Topic) -> None:
    measured = ivig.text.readability
    assert measured is not None
    assert (
        f"Reading grade {measured.value} (years of school, Flesch-Kincaid)"
        in read(client.get(PAGE).text).text
    )


def test_search_engines_keep_out_what_no_clinician_has_reviewed(
    serve: Serve, ivig: Topic, reviewed: Topic
) -> None:
    assert serve(ivig).get(PAGE).headers["X-Robots-Tag"] == "noindex"
    client = serve(reviewed)
    assert "X-Robots-Tag" not in client.get(PAGE).headers
    assert client.get("/embed/ivig-itp").headers["X-Robots-Tag"] == "noindex"


def linked_data(client: FlaskClient, path: str = PAGE) -> dict[str, object]:
    (script,) = read(client.get(path).text).all("script", type="application/ld+json")
    data: dict[str, object] = json.loads(script.text)
    return data


def test_linked_data_claims_a_review_only_where_one_is_recorded(
    serve: Serve, ivig: Topic, reviewed: Topic
) -> None:
    draft, final = linked_data(serve(ivig)), linked_data(serve(reviewed))
    assert "lastReviewed" not in json.dumps(draft)
    assert draft["creativeWorkStatus"] == "Draft"
    assert (final["lastReviewed"], final["creativeWorkStatus"]) == ("2026-12-01", "Published")


def test_linked_data_names_the_page_and_what_it_is_about_by_code(client: FlaskClient) -> None:
    data = linked_data(client)
    assert (data["@type"], data["inLanguage"], data["version"]) == ("MedicalWebPage", "en", "0.1.0")
    assert data["url"] == f"http://localhost{PAGE}"
    about = json.dumps(data["about"])
    assert "32273002" in about and "5666" in about
    assert not re.search(r"dos(e|age)|frequency", json.dumps(data), re.IGNORECASE)
    assert "about" not in linked_data(client, "/topics/hand-washing")


def test_a_reviewed_language_is_chosen_by_reader_and_browser(serve: Serve, translated: Topic) -> None:
    client = serve(translated)
    chosen = client.get(f"{PAGE}?lang=de")
    assert (chosen.headers["Content-Language"], read(chosen.text).one("h1").text) == ("de", "Behandlung")
    assert "Vary" not in chosen.headers
    browser = client.get(PAGE, headers={"Accept-Language": "de-AT, en;q=0.5"})
    assert (browser.headers["Content-Language"], browser.headers["Vary"]) == ("de", "Accept-Language")
    alternates = {
        one.attributes["hreflang"]: one.attributes["href"]
        for one in read(browser.text).all("link", rel="alternate")
    }
    page = f"http://localhost{PAGE}"
    assert alternates == {"en": page, "de": f"{page}?lang=de", "x-default": page}
    assert read(browser.text).one("link", rel="canonical").attributes["href"] == f"{page}?lang=de"


def test_a_draft_translation_is_served_and_named_nowhere_by_default(serve: Serve, translated: Topic) -> None:
    client = serve(translated)
    for answer in (client.get(f"{PAGE}?lang=es"), client.get("/embed/ivig-itp?lang=es-MX")):
        html = read(answer.text)
        assert answer.headers["Content-Language"] == "en"
        assert html.one("h1").text == translated.title
        assert (
            html.one("p", lang="es").text == "Esta página no está disponible en español. Aquí está en inglés."
        )
    assert client.get(PAGE, headers={"Accept-Language": "es"}).headers["Content-Language"] == "en"
    whole = client.get("/").text + client.get(PAGE).text + client.get("/topics/feed").text
    assert "lang=es" not in whole and "Español" not in whole and "Tratamiento" not in whole


def test_a_draft_translation_is_shown_to_who_names_it_where_the_site_serves_drafts(
    serve: Serve, translated: Topic
) -> None:
    client = serve(translated, draft_languages="on")
    answer = client.get(f"{PAGE}?lang=es")
    html = read(answer.text)
    assert html.one("html").attributes["lang"] == answer.headers["Content-Language"] == "es"
    (first,) = html.all("p", class_="draft")
    assert (
        first.text
        == "Este es un borrador de traducción. Ningún traductor ni profesional de la salud lo ha revisado."
    )
    assert html.elements.index(first) < html.elements.index(html.one("h1"))
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "/fhir/r4/Composition/ivig-itp-education-es>" in answer.headers["Link"]
    assert client.get(PAGE, headers={"Accept-Language": "es"}).headers["Content-Language"] == "en"
    assert "es" not in [one.attributes.get("hreflang") for one in html.all("link")]


def test_a_language_that_the_service_does_not_speak_is_told_in_that_of_the_page(client: FlaskClient) -> None:
    html = read(client.get(f"{PAGE}?lang=fr-CA").text)
    (line,) = html.all("p", class_="said")
    assert (line.attributes["lang"], "fr-CA" in line.text) == ("en", True)
    assert not read(client.get(f"{PAGE}?lang=en-GB").text).all("p", class_="said")


def test_the_language_switch_keeps_the_section_and_the_theme(serve: Serve, translated: Topic) -> None:
    html = read(serve(translated).get(f"{PAGE}?section=key-points&theme=dark").text)
    switch = [one for one in html.all("a") if "lang=" in one.attributes["href"]]
    assert [one.attributes["href"].partition("?")[2] for one in switch][:2] == [
        "lang=en&section=key-points&theme=dark",
        "lang=de&section=key-points&theme=dark",
    ]
    assert switch[0].attributes["aria-current"] == "true"


def test_a_page_in_another_language_marks_what_is_not_in_it(serve: Serve, translated: Topic) -> None:
    html = read(serve(translated, draft_languages="on").get(f"{PAGE}?lang=es").text)
    foreign = [one.text for one in html.all("p", lang="en")]
    assert foreign and all("Tylenol" in words for words in foreign)


def test_the_first_page_lists_every_topic(client: FlaskClient) -> None:
    html = read(client.get("/").text)
    assert [one.text for one in html.all("h2")] == ["How to Wash Your Hands", "IVIG Treatment for ITP"]
    assert client.get("/topics").data == client.get("/").data


def test_the_first_page_says_of_each_topic_whether_it_is_reviewed(
    serve: Serve, ivig: Topic, reviewed: Topic
) -> None:
    line = "Not yet reviewed by a clinician. Based on a page reviewed in September 2022."
    assert [one.text for one in read(serve(ivig).get("/").text).all("p", class_="review")] == [line]
    assert line not in read(serve(reviewed).get("/").text).text


def test_the_first_page_says_in_the_language_asked_for_that_it_is_not_there(
    serve: Serve, ivig: Topic, all_sources: Sources
) -> None:
    client = serve(ivig)
    html = read(client.get("/?lang=es").text)
    assert html.one("html").attributes["lang"] == "en"
    said = [one.text for one in html.all("p", lang="es")]
    assert said == [all_sources.publisher.notice("es").fallback]
    assert not read(client.get("/", headers={"Accept-Language": "es"}).text).all("p", lang="es")


def test_a_forged_host_gets_no_page(client: FlaskClient) -> None:
    answer = client.get(PAGE, headers={"Host": "evil.test"})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert "http://evil.test" not in answer.text


def test_pages_may_be_read_across_origins_as_the_site_allows(serve: Serve, ivig: Topic) -> None:
    assert serve(ivig).get(PAGE).headers["Access-Control-Allow-Origin"] == "*"
    client = serve(ivig, cors_origins=("https://portal.test",))
    ours = client.get(PAGE, headers={"Origin": "https://portal.test"})
    assert ours.headers["Access-Control-Allow-Origin"] == "https://portal.test"
    other = client.get(PAGE, headers={"Origin": "https://other.test"})
    assert "Access-Control-Allow-Origin" not in other.headers
    preflight = {"Origin": "https://portal.test", "Access-Control-Request-Method": "GET"}
    assert (
        client.options(PAGE, headers=preflight).headers["Access-Control-Allow-Methods"]
        == "GET, HEAD, OPTIONS"
    )


def test_words_of_a_topic_are_escaped(serve: Serve, ivig: Topic) -> None:

    text = replace(ivig.text, title="<script>alert(1)</script>", description='"><b>')
    client = serve(replace(ivig, texts=(text,)))
    for path in ("/", PAGE, "/embed/ivig-itp", "/topics/feed"):
        assert "<script>alert" not in client.get(path).text and '"><b>' not in client.get(path).text
