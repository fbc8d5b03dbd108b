"""What every door beside FHIR works with: the topics, the finder over them, the settings.

https://flask.palletsprojects.com/en/stable/blueprints/
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from flask import Response

from fhir_service.finder import Finder
from fhir_service.settings import Settings
from fhir_service.topics import CONTENT_HEADER, BuiltTopic, Topics, content_header


@dataclass(frozen=True)
class Doors:
    """Wired once in `create_app`; nothing is read before the first request of a door."""

    settings: Settings
    topics: Topics

    @cached_property
    def finder(self) -> Finder:
        return Finder(built.topic for built in self.topics.by_slug.values())


def name_content(response: Response, topics: Iterable[BuiltTopic]) -> None:
    """Say in the header which content the answer was made of."""
    value = content_header(topics)
    if value:
        response.headers[CONTENT_HEADER] = value
