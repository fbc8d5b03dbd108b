"""The IVIG topic built in each release, as it is and with a clinical review on record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fhir_service.content.builders import build_common, build_topic
from fhir_service.content.rules import Material
from fhir_service.content.source import Sources
from fhir_service.content.topic import Review
from fhir_service.content.words import words_sha256
from fhir_service.releases import RELEASES

Resource = dict[str, Any]
Built = dict[str, list[Resource]]

REVIEW_DATE = "2026-12-01"


@pytest.fixture(params=sorted(RELEASES))
def release(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def resources(material: Material, release: str) -> list[Resource]:
    """The topic's resources in one release."""
    return list(material.built[release])


@pytest.fixture
def common(sources: Sources, release: str) -> list[Resource]:
    """What all topics share in one release."""
    return build_common(sources.publisher, RELEASES[release])


@pytest.fixture(scope="session")
def reviewed(sources: Sources) -> Built:
    """The same topic with a clinical review on record."""
    topic = sources.topic("ivig-itp")
    review = Review(role="pediatric hematologist", date=REVIEW_DATE, words_sha256=words_sha256(topic))
    topic = replace(topic, clinical_review=review)
    return {name: build_topic(topic, sources.publisher, release) for name, release in RELEASES.items()}
