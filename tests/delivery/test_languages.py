"""Which language is shown: the explicit choice, then Accept-Language, then the topic's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_service.content.source import load_sources
from fhir_service.content.topic import Topic
from fhir_service.delivery.languages import choose, is_language_tag, served_texts


@pytest.fixture(scope="module")
def topic() -> Topic:
    """English, reviewed German, and a draft of Spanish."""
    own = load_sources().topic("ivig-itp")
    english = own.text
    german = replace(english, language="de", is_draft=False)
    return replace(own, texts=(english, german, replace(english, language="es", is_draft=True)))


@pytest.mark.parametrize(
    ("explicit", "accept", "drafts", "language", "refused"),
    [
        (None, "", False, "en", None),
        ("de", "", False, "de", None),
        ("DE-at", "", False, "de", None),
        ("de", "en", False, "de", None),
        ("es", "", False, "en", "es"),
        ("es", "", True, "es", None),
        ("es-MX", "", True, "es", None),
        ("fr", "de", False, "en", "fr"),
        (None, "de-CH, en;q=0.5", False, "de", None),
        (None, "en;q=0.5, de;q=0.4", False, "en", None),
        (None, "es", True, "en", None),
        (None, "es, de;q=0.1", True, "de", None),
        (None, "fr", False, "en", None),
        (None, "not a header;;q=x", False, "en", None),
    ],
)
def test_the_text_that_is_shown(
    topic: Topic, explicit: str | None, accept: str, drafts: bool, language: str, refused: str | None
) -> None:
    chosen = choose(topic, explicit=explicit, accept=accept, drafts=drafts)
    assert (chosen.text.language, chosen.refused) == (language, refused)


def test_a_draft_is_named_only_where_drafts_are_served(topic: Topic) -> None:
    assert [text.language for text in served_texts(topic, drafts=False)] == ["en", "de"]
    assert [text.language for text in served_texts(topic, drafts=True)] == ["en", "de", "es"]


@pytest.mark.parametrize(
    ("value", "good"), [("en", True), ("zh-Hans-CN", True), ("e", False), ("en_US", False)]
)
def test_a_tag_has_a_form(value: str, good: bool) -> None:
    assert is_language_tag(value) is good
