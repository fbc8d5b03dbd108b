"""The answer as a page: the page of the topic itself, a list when several fit, or a page that says none does.

https://www.w3.org/TR/WCAG22/

Where nothing fits, no topic is suggested: whoever asks about a fever is not to be led to a rare treatment.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request

from fhir_service.content.publisher import review_line
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import kept
from fhir_service.delivery.doors import Doors, name_content
from fhir_service.delivery.pages.parameters import Asked
from fhir_service.delivery.pages.rendering import html_page
from fhir_service.delivery.pages.topic_page import fallback_of_all, topic_page

from .audience import about_ages
from .feed import Shown
from .knowledge_request import KnowledgeRequest


def page_of(doors: Doors, asked: KnowledgeRequest, shown: Sequence[Shown]) -> Response:
    language, publisher = asked.context.language, doors.topics.publisher
    if len(shown) == 1:
        one = shown[0]
        ages = about_ages(one.topic, one.hit, publisher.words(one.choice.text.language))
        return topic_page(doors, one.built, Asked(lang=language, section=one.hit.section), note=ages)
    base = base_url(request.environ, doors.settings)
    spoken = shown[0].choice.text.language if shown else publisher.notices[0].language
    response = html_page(
        doors,
        "infobutton.html",
        language=spoken,
        base=base,
        fallback=fallback_of_all(publisher, [one.choice for one in shown]),
        topics=[
            (
                one.choice.text,
                review_line(one.topic, publisher.notice(one.choice.text.language)),
                about_ages(one.topic, one.hit, publisher.words(one.choice.text.language)),
                f"{base}/topics/{one.built.slug}{Asked(lang=language, section=one.hit.section).query()}",
            )
            for one in shown
        ],
    )
    if language is None:
        response.vary.add("Accept-Language")
    name_content(response, [one.built for one in shown])
    return kept(response)
