"""The IVIG topic as if it were retired, built in every release."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fhir_service.content.builders import build_topic
from fhir_service.content.publisher import Publisher
from fhir_service.content.source import Sources
from fhir_service.content.topic import Retirement, Review, Topic
from fhir_service.content.words import words_sha256
from fhir_service.releases import RELEASES, Release

Resource = dict[str, Any]
Build = Callable[[Topic, Publisher, Release], list[Resource]]

RETIREMENT = Retirement(date="2026-11-25", reason="A newer page is there.", replaced_by="ivig-itp")
"""It is replaced by itself, so that every reference leads somewhere."""


def retired(topic: Topic, *, reviewed: bool = False) -> Topic:
    review = Review(role="nurse", date="2026-12-01", words_sha256=words_sha256(topic)) if reviewed else None
    return replace(topic, retired=RETIREMENT, clinical_review=review)


def build_retired(
    sources: Sources, *, reviewed: bool = False, build: Build = build_topic
) -> dict[str, list[Resource]]:
    topic = retired(sources.topic("ivig-itp"), reviewed=reviewed)
    return {name: build(topic, sources.publisher, release) for name, release in RELEASES.items()}
