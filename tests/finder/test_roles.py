"""What each code and word of every built topic does, taken from topic.json; none is typed here."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_service.content.topic import FinderEntry, Topic
from fhir_service.context import Asked, Context
from fhir_service.finder import Finder
from tests.finder.contexts import BUILT

TOPICS = [topic for topic in BUILT.neutral() if topic.retired is None]
FINDER = Finder(TOPICS)
MENTIONS = [entry for topic in TOPICS for entry in topic.finder if entry.role == "mentions"]


def entries(role: str) -> list[Any]:
    return [
        pytest.param(topic, entry, id=f"{topic.slug} {entry.word or entry.coding}")
        for topic in TOPICS
        for entry in topic.finder
        if entry.role == role
    ]


def asked(entry: FinderEntry) -> Asked:
    said = (entry.word.replace("…", "one two three"),) if entry.word else ()
    return Asked(codings=(entry.coding,) if entry.coding else (), words=said)


@pytest.mark.parametrize(("topic", "entry"), entries("about"))
def test_what_a_topic_is_about_selects_it(topic: Topic, entry: FinderEntry) -> None:
    (hit,) = FINDER.find(Context(asked=(asked(entry),)))
    assert (hit.slug, hit.of) == (topic.slug, entry.of)
    wanted = "broader" if entry.broader else "mapped code" if entry.mapped else "code"
    assert hit.reason == (wanted if entry.coding else "words")


@pytest.mark.parametrize(("topic", "entry"), entries("mentions"))
def test_what_a_topic_mentions_alone_finds_nothing(topic: Topic, entry: FinderEntry) -> None:
    assert FINDER.find(Context(asked=(asked(entry),))) == ()
    assert FINDER.find(Context(asked=(asked(entry),), subtopic=asked(entry))) == ()


@pytest.mark.parametrize(("topic", "entry"), entries("mentions"))
def test_what_a_topic_mentions_chooses_its_section(topic: Topic, entry: FinderEntry) -> None:
    selecting = next(one for one in topic.finder if one.role == "about" and one.coding)
    (hit,) = FINDER.find(Context(asked=(asked(selecting), asked(entry))))
    assert hit.section == entry.section
    assert hit.answers == (0,)
    assert topic.text.section(str(entry.section)) is not None


@pytest.mark.parametrize(("topic", "entry"), entries("excludes"))
def test_an_excluding_word_forbids_the_product_and_every_match_by_words(
    topic: Topic, entry: FinderEntry
) -> None:
    for one in topic.finder:
        if one.role != "about" or (one.coding and one.of != "product"):
            continue
        selecting = asked(one)
        assert FINDER.find(Context(asked=(selecting,)))
        both = Asked(codings=selecting.codings, words=(*selecting.words, str(entry.word)))
        assert FINDER.find(Context(asked=(both,))) == ()


@given(st.lists(st.lists(st.sampled_from(MENTIONS), min_size=1, max_size=5), max_size=5), st.booleans())
def test_no_combination_of_what_is_mentioned_finds_anything(
    groups: list[list[FinderEntry]], joined: bool
) -> None:
    items = []
    for group in groups:
        words = tuple(entry.word for entry in group if entry.word)
        codings = tuple(entry.coding for entry in group if entry.coding)
        items.append(Asked(codings=codings, words=(" ".join(words),) if joined else words))
    assert FINDER.find(Context(asked=tuple(items), subtopic=items[0] if items else None)) == ()


def test_no_two_mentioned_words_in_a_row_select() -> None:
    words = {entry.word for entry in MENTIONS if entry.word}
    for pair in permutations(sorted(words), 2):
        assert FINDER.find(Context(asked=(Asked(words=(" ".join(pair),)),))) == ()


def test_every_topic_has_what_these_tests_look_at() -> None:
    assert {entry.role for topic in TOPICS for entry in topic.finder} == {"about", "mentions", "excludes"}
    assert len(MENTIONS) > 100
