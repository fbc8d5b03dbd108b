"""The first page: every topic by its title, in the language that fits the request best.

https://www.w3.org/TR/WCAG22/
"""

from __future__ import annotations

from flask import Response, request

from fhir_service.content.publisher import review_line
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import kept
from fhir_service.delivery.doors import Doors, name_content
from fhir_service.delivery.pages.parameters import Asked
from fhir_service.delivery.pages.rendering import html_page
from fhir_service.delivery.pages.topic_page import fallback_of_all


def index_page(doors: Doors, asked: Asked) -> Response:
    base = base_url(request.environ, doors.settings)
    topics = list(doors.topics.shown.values())
    choices = [doors.choice(built.topic, asked.lang) for built in topics]
    texts = [choice.text for choice in choices]
    publisher = doors.topics.publisher
    own = publisher.notices[0].language
    found = next((text.language for text in texts if text.language != own), own)
    response = html_page(
        doors,
        "index.html",
        language=found,
        theme=asked.theme,
        base=base,
        is_draft=any(text.is_draft for text in texts),
        fallback=fallback_of_all(publisher, choices),
        topics=[
            (
                text,
                review_line(built.topic, publisher.notice(text.language)),
                f"{base}/topics/{built.slug}{asked.query(section=None)}",
            )
            for built, text in zip(topics, texts, strict=True)
        ],
    )
    if asked.lang is None:
        response.vary.add("Accept-Language")
    name_content(response, topics)
    return kept(response)
