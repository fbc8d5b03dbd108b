"""The diary page says what the built Questionnaire says, and its headers keep what is entered."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.content.published import RESOURCES
from fhir_service.delivery.pages.diary_page import SCRIPT
from fhir_service.settings import Settings
from fhir_service.topics import Topics
from tests.memory_store import MemoryStore

DIARY = "/topics/ivig-itp/diary"
FORM = json.loads(
    (RESOURCES / "topics/ivig-itp/fhir/r4/Questionnaire-ivig-itp-side-effect-check.json").read_text()
)


class Read(HTMLParser):
    """The words of the page in their order, and the elements with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if data.strip() and self.elements[-1][0] not in ("style", "script"):
            self.words.append(data.strip())

    def having(self, name: str) -> list[dict[str, str]]:
        return [attributes for _, attributes in self.elements if name in attributes]


def client(settings: Settings | None = None, resources: Path | None = None) -> FlaskClient:
    return create_app(settings or Settings(), MemoryStore(), resources).test_client()


@pytest.fixture(scope="module")
def html() -> str:
    return client().get(DIARY).text


@pytest.fixture(scope="module")
def page(html: str) -> Read:
    return Read(html)


def items(holder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in holder.get("item", ()):
        yield item
        yield from items(item)


def test_every_item_of_the_form_stands_on_the_page_in_its_order(page: Read) -> None:
    asked = [one for one in items(FORM) if one["type"] != "display"]
    assert [one["data-link"] for one in page.having("data-link")] == [one["linkId"] for one in asked]
    words = iter(page.words)
    assert [one["text"] for one in items(FORM) if one["text"] not in words] == []


def test_each_question_is_asked_as_the_form_has_it(page: Read) -> None:
    fields = {one["id"]: (tag, one.get("type")) for tag, one in page.elements if tag in ("input", "textarea")}
    types = {"boolean": ("input", "checkbox"), "text": ("textarea", None)}
    assert fields == {one["linkId"]: types[one["type"]] for one in items(FORM) if one["type"] in types}


def test_the_service_notice_stands_first(page: Read) -> None:
    notice = Topics(RESOURCES).publisher.notice("en").service
    assert page.words.index(notice) < page.words.index("IVIG for ITP: what to tell the doctor or nurse")
    assert page.words[-3] == notice  # and at the foot, as on every page


def test_the_notice_is_repeated_for_what_the_form_says(page: Read) -> None:
    told = {
        " ".join(when["question"] for when in one["enableWhen"]) for one in items(FORM) if "enableWhen" in one
    }
    repeated = page.having("data-when")
    assert {one["data-when"] for one in repeated} == told
    assert {one["role"] for one in repeated} == {"alert"}


def test_what_the_form_enables_is_what_the_page_can_follow() -> None:
    """Ticks, any of which is enough: another condition needs a script that knows it."""
    for item in items(FORM):
        whens = item.get("enableWhen", [])
        assert all((one["operator"], one["answerBoolean"]) == ("=", True) for one in whens)
        assert not whens or item["enableBehavior"] == "any"


def test_it_says_that_it_is_a_draft_and_nothing_leads_there(page: Read) -> None:
    assert FORM["status"] == "draft"
    assert any(
        one.startswith("Draft, to be tried out. Not yet reviewed by a clinician.") for one in page.words
    )
    assert {"name": "robots", "content": "noindex"} in page.having("content")
    for path in ("/", "/topics/ivig-itp"):
        assert "/diary" not in client().get(path).text


def test_nothing_of_it_is_kept_or_told_to_others(html: str) -> None:
    answer = client().get(DIARY)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers
    assert "Topic-Content" in answer.headers
    assert not re.search(r"localStorage|sessionStorage|indexedDB|cookie\b(?!, no storage)|sendBeacon", SCRIPT)
    assert not re.search(r"\s(on\w+|src|srcdoc|style)=", html.partition("<body>")[2].partition("<script")[0])


def test_only_its_own_script_runs_and_asks_only_this_service(html: str) -> None:
    policy = dict(
        one.split(" ", 1) for one in client().get(DIARY).headers["Content-Security-Policy"].split("; ")
    )
    (script,) = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == f"'sha256-{digest}'"
    assert policy["connect-src"] == "'self'"
    assert policy["default-src"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"


def test_in_another_language_it_is_english_and_says_so_in_that_language() -> None:
    for drafts in ("off", "on"):
        answer = client(Settings(draft_languages=drafts)).get(f"{DIARY}?lang=es")
        assert answer.headers["Content-Language"] == "en"
        fallback = Topics(RESOURCES).publisher.notice("es").fallback
        assert f'<p class="said" lang="es">{fallback}</p>' in answer.text


def test_where_reading_needs_a_token_it_is_there_to_print() -> None:
    settings = Settings(reads="token", token_issuers=None)
    answer = client(settings).get(DIARY)
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "Print this page and tick it by hand." in answer.text


def test_a_topic_without_side_effects_has_no_diary(tmp_path: Path) -> None:
    for path in ("common/fhir/publisher.json", "topics/ivig-itp/fhir/topic.json"):
        (tmp_path / path).parent.mkdir(parents=True)
        shutil.copy(RESOURCES / path, tmp_path / path)
    answer = client(resources=tmp_path).get(DIARY)
    assert answer.status_code == 404
    assert "<code>ivig-itp</code> has no diary" in answer.text


def test_it_can_only_be_read() -> None:
    assert client().post(DIARY, data="fever=on").status_code == 405
