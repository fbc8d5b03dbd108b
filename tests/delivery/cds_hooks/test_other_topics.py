"""Nothing is wired to IVIG: a topic with another product and condition gets its cards without any code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_service.age import MESH
from fhir_service.content.publisher import Publisher
from fhir_service.content.topic import CodedText, Coding, FinderEntry, Retirement, Topic, UseContext
from fhir_service.delivery.cds_hooks.cards import LONGEST_SUMMARY
from fhir_service.settings import Settings
from fhir_service.topics import BuiltTopic, Topics
from tests.delivery.cds_hooks.calls import SYSTEMS, call
from tests.delivery.cds_hooks.conftest import Make

DROPS, EYE = Coding(SYSTEMS["site"], "drops", "Eye drops"), Coding(SYSTEMS["site"], "eye", "Red eye")
ADULTS = UseContext(
    kind="age", value=CodedText(text="adults", codings=(Coding(MESH, "D000328"), Coding(MESH, "D008875")))
)


@dataclass(frozen=True, eq=False)
class Shelf(Topics):
    """Topics that are not built from files."""

    own: tuple[Topic, ...] = ()
    shared: Publisher | None = None
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @cached_property
    def by_slug(self) -> dict[str, BuiltTopic]:
        return {topic.slug: BuiltTopic(topic, f"ni:///{topic.slug}", Path("none")) for topic in self.own}

    @cached_property
    def publisher(self) -> Publisher:
        assert self.shared is not None
        return self.shared


def entries(product: Coding, condition: Coding) -> Iterator[FinderEntry]:
    yield FinderEntry(coding=product, word=None, role="about", of="product")
    yield FinderEntry(coding=condition, word=None, role="about", of="condition")


@pytest.fixture(scope="session")
def drops(topics: Topics) -> Topic:
    """Eye drops for a red eye, for adults to 64, without side effects and examples."""
    ivig = topics.by_slug["ivig-itp"].topic
    assert ivig.product is not None
    route = CodedText(
        text="into the eye", codings=(Coding(SYSTEMS["snomed"], "54485002", "Ophthalmic route"),)
    )
    product = replace(
        ivig.product, id="drops", name="Eye drops", short_name="Drops", codings=(DROPS,), route=route
    )
    disease = CodedText(text="Red eye", codings=(EYE,))
    return replace(
        ivig,
        slug="drops-eye",
        title="Eye *drops* " + "for a red eye " * 12,
        description="Patient education about eye drops.",
        use_contexts=(ADULTS,),
        product=product,
        indications=(replace(ivig.indications[0], disease=disease),),
        premedications=(),
        side_effects=(),
        symptoms=(),
        finder=tuple(entries(DROPS, EYE)),
    )


@pytest.fixture(scope="session")
def two(make: Make, topics: Topics, drops: Topic) -> FlaskClient:
    shelf = Shelf(topics.resources, (drops, topics.by_slug["ivig-itp"].topic), topics.publisher)
    return make(Settings(cds_suggestions="on"), shelf)


def cards(client: FlaskClient, **said: Any) -> list[dict[str, Any]]:
    answer = client.post(f"/cds-services/education-{said['service']}", json=call(said))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["cards"]
    return found


SAID: dict[str, Any] = {
    "service": "order-select",
    "age": 40,
    "drafts": [{"code": "site drops"}],
    "conditions": [{"code": "site eye"}],
    "medications": [],
    "allergies": [],
}


def test_its_product_is_a_reason(two: FlaskClient) -> None:
    (card,) = cards(two, **SAID)
    assert card["links"][0]["url"] == "http://localhost/topics/drops-eye"
    assert "Shown because this is ordered: Drops." in card["detail"]
    assert "suggestions" not in card


def test_its_condition_is_a_reason_on_opening_a_record(two: FlaskClient) -> None:
    (card,) = cards(two, **SAID | {"service": "patient-view"})
    assert "Shown because this is an active condition: Red eye." in card["detail"]


def test_whom_it_is_for_is_said_in_its_own_words(two: FlaskClient) -> None:
    (card,) = cards(two, **SAID | {"conditions": []})
    assert "The page is about this condition: Red eye." in card["detail"]


def test_its_ages_count(two: FlaskClient) -> None:
    assert [len(cards(two, **SAID | {"age": age})) for age in (7, 18, 19, 64, 65)] == [0, 0, 1, 1, 0]


def test_its_route_counts(two: FlaskClient) -> None:
    for route, expected in (("Ophthalmic", 1), ("snomed 54485002", 1), ("Intravenous route", 0)):
        assert len(cards(two, **SAID | {"drafts": [{"code": "site drops", "route": route}]})) == expected


def test_without_later_side_effects_a_discharge_opens_the_page_itself(two: FlaskClient) -> None:
    medications = [{"code": "site drops", "encounter": "Encounter/e"}]
    said = SAID | {"service": "encounter-discharge", "encounter": "e", "medications": medications}
    (card,) = cards(two, **said)
    assert card["links"][0]["url"] == "http://localhost/topics/drops-eye"


def test_a_long_title_makes_a_summary_that_fits(two: FlaskClient) -> None:
    (card,) = cards(two, **SAID)
    assert len(card["summary"]) == LONGEST_SUMMARY
    assert card["summary"].endswith("…")


def test_one_call_may_be_about_several_topics(make: Make, topics: Topics, drops: Topic) -> None:
    drops = replace(drops, use_contexts=(), title="Eye *drops*")
    shelf = Shelf(topics.resources, (drops, topics.by_slug["ivig-itp"].topic), topics.publisher)
    client = make(Settings(), shelf)
    said = SAID | {"age": 7, "drafts": [{"code": "rxnorm 5666"}, {"code": "site drops"}]}
    answer = client.post("/cds-services/education-order-select", json=call(said))
    assert len(answer.get_json()["cards"]) == 2
    assert answer.headers["Topic-Content"].count("ni:///") == 2
    # Without the patient the topic for all ages still has its card; the other one is not refused for it.
    del said["age"]
    assert [card["summary"] for card in cards(client, **said)] == ["Patient education: Eye *drops*"]


def test_examples_are_offered_for_a_topic_about_children_alone(make: Make, topics: Topics) -> None:
    ivig = topics.by_slug["ivig-itp"].topic
    said = SAID | {"drafts": [{"code": "rxnorm 5666"}], "conditions": [{"code": "snomed 32273002"}], "age": 7}
    for topic, expected in ((ivig, True), (replace(ivig, use_contexts=()), False)):
        shelf = Shelf(topics.resources, (topic,), topics.publisher)
        (card,) = cards(make(Settings(cds_suggestions="on"), shelf), **said)
        assert ("suggestions" in card) == expected


def test_a_retired_topic_has_no_card_and_needs_nothing(make: Make, topics: Topics, drops: Topic) -> None:
    retired = replace(drops, retired=Retirement(date="2026-11-24", reason="Replaced."))
    client = make(Settings(), Shelf(topics.resources, (retired,), topics.publisher))
    assert cards(client, **SAID) == []
    assert cards(client, service="patient-view", age=40) == []


def test_no_topics_make_no_cards(make: Make, topics: Topics) -> None:
    assert cards(make(Settings(), Shelf(topics.resources, (), topics.publisher)), **SAID) == []


@pytest.mark.parametrize(
    ("speaks", "drafts", "lang"),
    [
        ("fr", "off", "?lang=fr"),
        ("fr-CA", "off", "?lang=fr-CA"),
        ("es", "off", "?lang=es"),  # the page says in Spanish that it is in English
        ("es", "on", ""),  # a draft is for those who ask for it themselves
        ("en", "on", "?lang=en"),
        ("no tag", "off", ""),
    ],
)
def test_the_link_has_the_language_of_the_patient_but_leads_to_no_draft(
    make: Make, topics: Topics, speaks: str, drafts: str, lang: str
) -> None:
    ivig = topics.by_slug["ivig-itp"].topic
    french, spanish = replace(ivig.text, language="fr"), replace(ivig.text, language="es", is_draft=True)
    topic = replace(ivig, texts=(ivig.text, french, spanish))
    client = make(Settings(draft_languages=drafts), Shelf(topics.resources, (topic,), topics.publisher))
    said = SAID | {"age": 7, "speaks": speaks, "drafts": [{"code": "rxnorm 5666"}]}
    (card,) = cards(client, **said)
    assert card["links"][0]["url"] == f"http://localhost/topics/ivig-itp{lang}"
