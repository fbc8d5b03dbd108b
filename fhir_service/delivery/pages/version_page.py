"""The page of one version, for good: `/topics/<slug>/v/<version>`.

https://www.rfc-editor.org/rfc/rfc5829 (navigation between versions) and
https://www.rfc-editor.org/rfc/rfc8246 (immutable)

A published version is answered with the bytes that were published, whatever became of the topic: a record
that names it stays right when the topic is retired. The version of today is answered before it is published,
too, since its own page names this address; it says that its words may still change, and caches are told. An
address means one page: Accept-Language has no say.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Response, request

from fhir_service.content.page import STYLE, source_hash
from fhir_service.content.versions import version_page as version_bytes
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import FOR_GOOD, kept
from fhir_service.delivery.doors import Doors, name_content
from fhir_service.delivery.languages import choose
from fhir_service.delivery.pages.parameters import Asked
from fhir_service.delivery.pages.rendering import finished
from fhir_service.errors import NotFound
from fhir_service.topics import BuiltTopic


def version_page(doors: Doors, built: BuiltTopic, version: str, asked: Asked) -> Response:
    """The page in the language of `lang`, or else in the topic's own; NotFound names those there are."""
    response = _published(doors, built, version, asked) or _of_today(doors, built, version, asked)
    if response is None:
        raise NotFound(_what_there_is(doors, built, version, asked))
    retired = built.topic.retired
    slug = retired.replaced_by if retired else built.slug
    if slug:
        relation = "successor-version" if retired else "latest-version"
        page = f"{base_url(request.environ, doors.settings)}/topics/{slug}"
        response.headers["Link"] = f'<{page}>; rel="{relation}"'
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _published(doors: Doors, built: BuiltTopic, version: str, asked: Asked) -> Response | None:
    found = doors.topics.published[built.slug].get(version)
    page = found and found.page(asked.lang or built.topic.language)
    if not found or not page:
        return None
    response = _answer(doors, doors.topics.published_page(built.slug, found, page), page.language, page.style)
    name_content(response, [replace(built, content_hash=found.content_hash)])
    return kept(response, FOR_GOOD)


def _of_today(doors: Doors, built: BuiltTopic, version: str, asked: Asked) -> Response | None:
    topic = built.topic
    choice = choose(topic, explicit=asked.lang, drafts=doors.settings.serves_drafts)
    if version != topic.version or choice.refused:
        return None
    content = version_bytes(topic, choice.text, doors.topics.publisher, is_published=False)
    response = _answer(doors, content, choice.text.language, source_hash(STYLE))
    name_content(response, [built])
    return kept(response)


def _answer(doors: Doors, content: bytes, language: str, style: str) -> Response:
    response = Response(content, content_type="text/html; charset=utf-8")
    response.headers["Content-Language"] = language
    return finished(doors, response, style)


def _what_there_is(doors: Doors, built: BuiltTopic, version: str, asked: Asked) -> str:
    published = doors.topics.published[built.slug]
    if version not in published and version != built.topic.version:
        versions = dict.fromkeys([*published, built.topic.version])
        return f"There is no version `{version}` of this page; there are: {', '.join(versions)}."
    languages = [page.language for page in published[version].pages] if version in published else []
    there = ", ".join(languages or [built.topic.language])
    return f"Version {version} of this page is not there in `{asked.lang}`; it is there in: {there}."
