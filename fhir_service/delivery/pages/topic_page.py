"""The education page of a topic: `/topics/<slug>`, `/embed/<slug>`, and what Infobutton answers as HTML.

https://www.w3.org/TR/WCAG22/

The words are those of the topic's text alone; what stands around them is in the same language.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from flask import Response, request

from fhir_service.content.page import closing_lines, lead_lines, topic_body
from fhir_service.content.publisher import PageWords, Publisher, review_of
from fhir_service.content.topic import Text
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import kept
from fhir_service.delivery.doors import Doors, name_content
from fhir_service.delivery.languages import Choice
from fhir_service.delivery.pages.linked_data import linked_data
from fhir_service.delivery.pages.links import TopicLinks
from fhir_service.delivery.pages.parameters import Asked, require_section
from fhir_service.delivery.pages.rendering import html_page
from fhir_service.delivery.pages.retired_page import retired_page
from fhir_service.topics import BuiltTopic

FRAME_HEIGHT = Path(__file__).with_name("frame_height.js").read_text(encoding="utf-8").strip()
"""What an embedded page tells the page around it; without scripts it is the same page."""


class Said(NamedTuple):
    """Words in a language that may be another than the page's."""

    language: str
    words: str


def topic_page(doors: Doors, built: BuiltTopic, asked: Asked, *, note: str | None = None) -> Response:
    """The page in the language that fits the request best, with its headers; Invalid for a wrong section.

    :param note: what whoever asked must know besides, in the language of the page
    """
    if built.topic.retired:
        return retired_page(doors, built, asked)
    return _page(doors, built, asked, "topics", note=note)


def embed_page(doors: Doors, built: BuiltTopic, asked: Asked) -> Response:
    """The same without anything around it, for a frame; the only page that other sites may frame."""
    if built.topic.retired:
        return retired_page(doors, built, asked)
    response = _page(doors, built, asked, "embed", FRAME_HEIGHT)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _page(
    doors: Doors, built: BuiltTopic, asked: Asked, place: str, *scripts: str, note: str | None = None
) -> Response:
    choice = doors.choice(built.topic, asked.lang)
    topic, text, publisher = built.topic, choice.text, doors.topics.publisher
    require_section(asked, text)
    base = base_url(request.environ, doors.settings)
    links = TopicLinks(base, topic, text, asked, doors.settings.serves_drafts, publisher, place)
    response = html_page(
        doors,
        "embed.html" if place == "embed" else "topic.html",
        language=text.language,
        theme=asked.theme,
        scripts=scripts,
        base=base,
        topic=topic,
        text=text,
        asked=asked,
        links=links,
        fallback=fallback_line(publisher, choice),
        note=note,
        lead=lead_lines(topic, text, publisher),
        body=topic_body(topic, text, section=asked.section),
        closing=closing_lines(topic, text, publisher),
        readability=readability_line(publisher.words(text.language), text),
        data=linked_data(links),
    )
    response.headers["Link"] = links.header()
    if review_of(topic, text) is None:
        # Nobody should find by a search engine what no clinician has reviewed.
        response.headers["X-Robots-Tag"] = "noindex"
    if asked.lang is None:
        response.vary.add("Accept-Language")
    name_content(response, [built])
    return kept(response)


def fallback_line(publisher: Publisher, choice: Choice) -> Said | None:
    """That the page is not there in the language asked for: in that language, where the service speaks it."""
    if choice.refused is None:
        return None
    wanted = choice.refused.lower()
    for notices in publisher.notices:
        if f"{wanted}-".startswith(f"{notices.language.lower()}-"):
            return Said(notices.language, notices.fallback)
    language = choice.text.language
    return Said(language, publisher.words(language).not_there.replace("{tag}", choice.refused))


def fallback_of_all(publisher: Publisher, choices: Sequence[Choice]) -> Said | None:
    """The same for a list; one in which something is there needs no such words."""
    lines = [fallback_line(publisher, choice) for choice in choices]
    return lines[0] if lines and all(lines) else None


def readability_line(words: PageWords, text: Text) -> str:
    """How easy the text is to read; empty where no formula is known for its language."""
    measured = text.readability
    if measured is None:
        return ""
    return words.readability.replace("{value}", str(measured.value)).replace("{formula}", measured.formula)
