"""More than the one topic and the one language: several topics, translations, retired topics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.content.published import RESOURCES
from fhir_service.content.topic import Coding, FinderEntry, Retirement, Topic
from fhir_service.settings import Settings
from fhir_service.topics import BuiltTopic, Topics
from tests.delivery.infobutton.answers import ITP, MAIN, read
from tests.memory_store import MemoryStore

BUILT = Topics(RESOURCES).by_slug["ivig-itp"]
NOTICES = Topics(RESOURCES).publisher.notice("es")
ASTHMA = Coding("http://snomed.info/sct", "195967001", "Asthma")
BOTH = {**ITP, f"{MAIN}.c1": ASTHMA.code, f"{MAIN}.cs1": "SNOMEDCT"}

Serve = Callable[..., FlaskClient]


def with_draft(topic: Topic) -> Topic:
    """English, and a draft of Spanish that differs in its titles."""
    english = topic.text
    sections = tuple(replace(one, title=f"Sobre {one.title}") for one in english.sections)
    spanish = replace(english, language="es", title="Tratamiento", sections=sections, is_draft=True)
    return replace(topic, texts=(english, spanish))


def about(coding: Coding) -> tuple[FinderEntry, ...]:
    return (FinderEntry(coding=coding, word=None, role="about"),)


SECOND = replace(
    BUILT.topic,
    slug="breathing",
    texts=(replace(BUILT.topic.text, title="Breathing"),),
    finder=about(ASTHMA),
    use_contexts=(),
)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """A client of the service over these topics."""

    def made(*topics: Topic, drafts: str = "off") -> FlaskClient:
        built: Mapping[str, BuiltTopic] = {topic.slug: replace(BUILT, topic=topic) for topic in topics}
        monkeypatch.setattr(Topics, "by_slug", built)
        return create_app(Settings(draft_languages=drafts), MemoryStore()).test_client()

    return made


def test_several_topics_are_one_feed(serve: Serve) -> None:
    response = serve(BUILT.topic, SECOND).get("/infobutton/service", query_string=BOTH)
    answer = read(response)
    assert answer.subtitle == "2 topics for ICD-10-CM D69.3, SNOMED CT 195967001"
    assert [title for title in answer.titles if title in ("IVIG Treatment for ITP", "Breathing")] == [
        "Breathing",
        "IVIG Treatment for ITP",
    ]
    assert response.headers["Topic-Content"].count("ni:///sha-256;") == 2


def test_several_topics_are_a_page_that_lists_them(serve: Serve) -> None:
    adult = {**BOTH, "age.v.v": "40", "age.v.u": "a"}
    page = serve(BUILT.topic, SECOND).get("/infobutton/application", query_string=adult)
    assert page.text.count('<li><h2><a href="http://localhost/topics/') == 2
    assert 'href="http://localhost/topics/breathing"' in page.text
    assert page.text.count("This page is about children.") == 1
    assert page.text.count("Not yet reviewed by a clinician.") == 2
    assert page.headers["Topic-Content"].count("ni:///sha-256;") == 2


def test_a_list_says_in_the_language_asked_for_that_it_is_not_there(serve: Serve) -> None:
    spanish = {**BOTH, "informationRecipient.languageCode.c": "es"}
    page = serve(BUILT.topic, SECOND).get("/infobutton/application", query_string=spanish)
    assert page.text.count(f'<p class="said" lang="es">{NOTICES.fallback}</p>') == 1


def test_a_retired_topic_is_found_no_more(serve: Serve) -> None:
    retired = replace(BUILT.topic, retired=Retirement(date="2026-11-25", reason="It is too old."))
    answer = read(serve(retired, SECOND).get("/infobutton/service", query_string=ITP))
    assert answer.titles == ()


@pytest.mark.parametrize("language", ["es", "es-MX", "sp", "spa"])
def test_a_draft_is_shown_to_who_names_it_and_says_so_first(serve: Serve, language: str) -> None:
    client = serve(with_draft(BUILT.topic), drafts="on")
    asked = {**ITP, "informationRecipient.languageCode.c": language, "age.v.v": "40", "age.v.u": "a"}
    answer = read(client.get("/infobutton/service", query_string=asked))
    assert answer.titles[0] == "Tratamiento"
    assert answer.links[0] == "http://localhost/topics/ivig-itp?lang=es"
    assert answer.subtitle == "1 tema para ICD-10-CM D69.3"
    assert all(summary.startswith(f"<p>{NOTICES.draft_translation}</p>") for summary in answer.summaries)
    assert "Esta página trata sobre niños y niñas." in answer.summaries[0]
    assert "Patient education<" not in answer.text
    assert "http://localhost/fhir/r4/Composition/ivig-itp-education-es" in answer.text
    page = client.get("/infobutton/application", query_string=asked)
    assert '<html lang="es">' in page.text
    assert "Esta página trata sobre niños y niñas." in page.text


def test_each_language_has_its_own_words_whichever_was_asked_for_first(serve: Serve) -> None:
    client = serve(with_draft(BUILT.topic), drafts="on")

    def titles(language: str) -> tuple[str, ...]:
        asked = {**ITP, "informationRecipient.languageCode.c": language}
        return read(client.get("/infobutton/service", query_string=asked)).titles[1:]

    english = titles("en")
    assert titles("es") == tuple(f"Sobre {one}" for one in english) != ()
    assert titles("en") == english


def test_a_draft_is_shown_to_nobody_else(serve: Serve) -> None:
    client = serve(with_draft(BUILT.topic), drafts="on")
    for path in ("/infobutton/service", "/infobutton/application"):
        response = client.get(path, query_string=ITP, headers={"Accept-Language": "es"})
        assert "Tratamiento" not in response.text
        assert "Accept-Language" in response.headers["Vary"]


def test_a_draft_that_is_not_served_is_refused_in_its_language(serve: Serve) -> None:
    client = serve(with_draft(BUILT.topic))
    asked = {**ITP, "performer.languageCode.c": "es"}
    answer = read(client.get("/infobutton/service", query_string=asked))
    assert answer.titles[0] == "IVIG Treatment for ITP"
    assert answer.summaries[0].startswith(f'<p lang="es">{NOTICES.fallback}</p>')
    assert "Tratamiento" not in answer.text


def test_a_reviewed_translation_follows_accept_language(serve: Serve) -> None:
    topic = with_draft(BUILT.topic)
    reviewed = replace(topic, texts=(topic.text, replace(topic.texts[1], is_draft=False)))
    client = serve(reviewed)
    response = client.get(
        "/infobutton/service", query_string=ITP, headers={"Accept-Language": "es, en;q=0.5"}
    )
    assert read(response).titles[0] == "Tratamiento"
    english = client.get("/infobutton/service", query_string=ITP)
    assert response.headers["ETag"] != english.headers["ETag"]
    explicit = {**ITP, "informationRecipient.languageCode.c": "en"}
    named = client.get("/infobutton/service", query_string=explicit, headers={"Accept-Language": "es"})
    assert read(named).titles[0] == "IVIG Treatment for ITP"
    assert "Accept-Language" not in named.vary
