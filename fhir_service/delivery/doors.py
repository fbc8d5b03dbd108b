"""What every door beside FHIR works with: the topics, the finder over them, the settings.

https://flask.palletsprojects.com/en/stable/blueprints/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from flask import Response, request

from fhir_service.content.topic import Topic
from fhir_service.delivery.languages import Choice, choose
from fhir_service.finder import Finder, SiteCodes
from fhir_service.security.cds_clients import CdsClients
from fhir_service.settings import Settings
from fhir_service.topics import CONTENT_HEADER, BuiltTopic, Topics, content_header


@dataclass(frozen=True)
class Doors:
    """Wired once in `create_app`; unless a site has a map, no topic is read before a door is asked."""

    settings: Settings
    topics: Topics
    site_codes: SiteCodes = field(default_factory=dict)
    today: Callable[[], date] = date.today
    cds_clients: CdsClients | None = None
    """the CDS Hooks clients that are let in; None: all"""

    @cached_property
    def finder(self) -> Finder:
        return Finder(self.topics.neutral(), self.site_codes)

    def choice(self, topic: Topic, language: str | None) -> Choice:
        """The text to show: in the language that is asked for, or else in one that the browser wants."""
        accept = request.headers.get("Accept-Language", "")
        return choose(topic, explicit=language, accept=accept, drafts=self.settings.serves_drafts)


def name_content(response: Response, topics: Iterable[BuiltTopic]) -> None:
    """Say in the header which content the answer was made of."""
    value = content_header(topics)
    if value:
        response.headers[CONTENT_HEADER] = value
