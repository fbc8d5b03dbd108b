"""The page of a retired topic: since when, why, and what replaces it. The answer is 410.

https://www.rfc-editor.org/rfc/rfc9110#status.410

What was built of the topic stays readable as FHIR, with its status, and so do the pages of its versions.
"""

from __future__ import annotations

from flask import Response, request

from fhir_service.content.publisher import standing
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import NOT_KEPT
from fhir_service.delivery.doors import Doors, name_content
from fhir_service.delivery.languages import choose
from fhir_service.delivery.pages.links import Link
from fhir_service.delivery.pages.parameters import Asked
from fhir_service.delivery.pages.rendering import html_page
from fhir_service.topics import BuiltTopic


def retired_page(doors: Doors, built: BuiltTopic, asked: Asked) -> Response:
    topic, publisher, base = built.topic, doors.topics.publisher, base_url(request.environ, doors.settings)
    accept = request.headers.get("Accept-Language", "")
    text = choose(topic, explicit=asked.lang, accept=accept).text
    # The last line tells of a review, which matters to nobody now.
    said = standing(topic, publisher.notice(text.language))[:-1]
    successor = doors.topics.by_slug.get(topic.retired.replaced_by or "") if topic.retired else None
    link = Link(f"{base}/topics/{successor.slug}", successor.topic.title) if successor else None
    response = html_page(
        doors,
        "retired.html",
        language=text.language,
        status=410,
        theme=asked.theme,
        base=base,
        text=text,
        said=said,
        successor=link,
    )
    if link:
        response.headers["Link"] = f'<{link.href}>; rel="successor-version"'
    response.headers["Cache-Control"] = NOT_KEPT
    response.headers["X-Robots-Tag"] = "noindex"
    name_content(response, [built])
    return response
