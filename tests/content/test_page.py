"""The finished education page."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from fhir_service.content.page import education_page
from fhir_service.content.source import Sources

VOID = {"meta", "br"}


class Outline(HTMLParser):
    """Headings, ids and open elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.labelled: list[str] = []
        self.urls: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(str(value))
            if name == "aria-labelledby":
                self.labelled.append(str(value))
            if name in ("href", "src"):
                self.urls.append(str(value))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(sources: Sources) -> str:
    topic = sources.topic("ivig-itp")
    return education_page(topic, topic.text, sources.publisher)


def test_the_page_is_well_formed_and_its_headings_descend_in_order(page: str) -> None:
    outline = Outline(page)
    assert outline.open == []
    levels = [int(tag[1]) for tag in outline.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(levels, levels[1:], strict=False))


def test_every_section_is_labelled_by_its_heading(page: str) -> None:
    outline = Outline(page)
    assert outline.labelled == outline.ids
    assert len(set(outline.ids)) == len(outline.ids) == 12


def test_the_page_has_no_script_and_asks_nothing_of_the_network(page: str) -> None:
    outline = Outline(page)
    assert not {"script", "link", "img", "iframe", "form"} & set(outline.tags)
    assert outline.urls == []
    assert "http" not in page


def test_the_review_line_stands_first_and_the_notice_last(page: str, sources: Sources) -> None:
    notices = sources.publisher.notices[0]
    review = page.index("Not yet reviewed by a clinician. Based on a page reviewed in September 2022.")
    assert review < page.index("What is IVIG?")
    assert page.index(notices.service) > page.index("About the source page")
    assert notices.absence in page


def test_words_are_escaped(sources: Sources) -> None:
    topic = sources.topic("ivig-itp")
    text = replace(topic.text, title="<script>alert(1)</script>")
    assert "<script>" not in education_page(topic, text, sources.publisher)


def test_a_draft_translation_says_so_before_its_title(sources: Sources) -> None:
    topic = sources.topic("ivig-itp")
    spanish, notices = topic.text_in("es"), sources.publisher.notice("es")
    assert spanish and spanish.is_draft
    page = education_page(topic, spanish, sources.publisher)
    assert page.index(notices.draft_translation) < page.index("<h1>")
    assert page.index(notices.service) > page.index("Acerca de la página original")
    reviewed = education_page(topic, replace(spanish, is_draft=False), sources.publisher)
    assert notices.draft_translation not in reviewed
