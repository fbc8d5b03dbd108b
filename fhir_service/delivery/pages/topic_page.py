"""The education page of a topic: `/topics/<slug>`, and what Infobutton answers as HTML.

https://www.w3.org/TR/WCAG22/

The words are those of the topic's text alone; what stands around them is in the same language.
"""

from __future__ import annotations

from flask import Response, request

from fhir_service.content.page import closing_lines, lead_lines, topic_body
from fhir_service.content.publisher import Notices, PageWords, Publisher
from fhir_service.content.topic import Text
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.doors import Doors, name_content
from fhir_service.delivery.languages import Choice, choose
from fhir_service.delivery.pages.links import TopicLinks
from fhir_service.delivery.pages.parameters import Asked, require_section
from fhir_service.delivery.pages.rendering import html_page, kept
from fhir_service.topics import BuiltTopic


def topic_page(doors: Doors, built: BuiltTopic, asked: Asked) -> Response:
    """The page in the language that fits the request best, with its headers; Invalid for a wrong section."""
    choice = chosen(doors, built, asked)
    topic, text, publisher = built.topic, choice.text, doors.topics.publisher
    require_section(asked, text)
    links = TopicLinks(
        base=base_url(request, doors.settings),
        topic=topic,
        text=text,
        asked=asked,
        drafts=serves_drafts(doors),
        publisher=publisher,
    )
    response = html_page(
        doors,
        "topic.html",
        language=text.language,
        theme=asked.theme,
        base=links.base,
        topic=topic,
        text=text,
        asked=asked,
        links=links,
        fallback=fallback_notice(publisher, choice),
        lead=lead_lines(topic, text, publisher),
        body=topic_body(topic, text, section=asked.section),
        closing=closing_lines(topic, text, publisher),
        readability=readability_line(publisher.words(text.language), text),
    )
    response.headers["Link"] = links.header()
    if asked.lang is None:
        response.vary.add("Accept-Language")
    name_content(response, [built])
    return kept(response)


def chosen(doors: Doors, built: BuiltTopic, asked: Asked) -> Choice:
    accept = request.headers.get("Accept-Language", "")
    return choose(built.topic, explicit=asked.lang, accept=accept, drafts=serves_drafts(doors))


def serves_drafts(doors: Doors) -> bool:
    return doors.settings.draft_languages == "on"


def fallback_notice(publisher: Publisher, choice: Choice) -> Notices | None:
    """What is said, in the language that was asked for, on a page in another one; None: nothing is."""
    wanted = (choice.refused or "").lower()
    for notices in publisher.notices:
        own = notices.language.lower()
        if own != choice.text.language.lower() and (wanted == own or wanted.startswith(f"{own}-")):
            return notices
    return None


def readability_line(words: PageWords, text: Text) -> str:
    """How easy the text is to read; empty where no formula is known for its language."""
    measured = text.readability
    if measured is None:
        return ""
    return words.readability.replace("{value}", str(measured.value)).replace("{formula}", measured.formula)
