"""Ranking, and what holds over many topics."""

from dataclasses import replace
from itertools import permutations

import pytest

from fhir_service.content.topic import CodedText, Coding, Retirement, UseContext
from fhir_service.context import Age, Asked, Context
from fhir_service.finder import Finder, Hit
from fhir_service.phrases import LONGEST_TEXT
from tests.finder.contexts import TOPIC, about, invented


def asked(*codes: str, words: str = "") -> Asked:
    codings = tuple(Coding("urn:s", code) for code in codes)
    return Asked(codings=codings, words=(words,) if words else ())


def found(finder: Finder, *items: Asked) -> tuple[Hit, ...]:
    return finder.find(Context(asked=items))


RANKED = [
    invented("words", about("washing")),
    invented("broader", about("urn:s|b", broader=True)),
    invented("mapped", about("urn:s|m", mapped=True)),
    invented("code-b", about("urn:s|a")),
    invented("code-a", about("urn:s|a")),
    invented("both", about("urn:s|b", broader=True), about("urn:s|a")),
]


def test_the_best_reason_stands_first_and_equal_ones_by_slug() -> None:
    items = asked(words="washing"), asked("b"), asked("m"), asked("a")
    assert [(hit.slug, hit.reason) for hit in found(Finder(RANKED), *items)] == [
        ("both", "code"),
        ("code-a", "code"),
        ("code-b", "code"),
        ("mapped", "mapped code"),
        ("broader", "broader"),
        ("words", "words"),
    ]


def test_the_order_of_the_topics_changes_nothing() -> None:
    shared = [replace(topic, finder=(*topic.finder, about("shared word"))) for topic in RANKED[:4]]
    items = asked(words="shared word washing"), asked("a", "b", "m")
    answers = {found(Finder(order), *items) for order in permutations(shared)}
    assert len(answers) == 1
    assert len(answers.pop()) == 4


def test_the_order_of_the_topics_changes_nothing_among_phrases_that_begin_alike() -> None:
    first, second = about("red … blue"), about("red … green")
    both = [invented("a", second, first), invented("b", first, second)]
    answers = {found(Finder(order), asked(words="red or blue or green")) for order in permutations(both)}
    assert len(answers) == 1


def test_a_topic_stands_once_and_says_all_that_selected_it() -> None:
    (hit,) = found(Finder([RANKED[5]]), asked("b"), asked("z"), asked("a"), asked("a", "b"))
    assert [(match.asked, match.reason) for match in hit.matches] == [
        (2, "code"),
        (3, "code"),
        (0, "broader"),
    ]
    assert (hit.asked, hit.answers, hit.matched) == (2, (0, 2, 3), Coding("urn:s", "a"))


def test_a_word_does_not_select_beside_a_code_that_another_topic_is_about() -> None:
    finder = Finder([invented("a", about("urn:s|a")), invented("b", about("washing"))])
    assert [hit.slug for hit in found(finder, asked("a", words="washing"))] == ["a"]
    assert [hit.slug for hit in found(finder, asked("a"), asked(words="washing"))] == ["a", "b"]


def test_what_one_topic_mentions_another_may_be_about() -> None:
    mentions = about("urn:s|a", role="mentions", section="side-effects")
    finder = Finder([invented("a", mentions, about("fever")), invented("b", about("fever"))])
    assert [hit.slug for hit in found(finder, asked("a", words="fever"))] == ["b"]


def test_what_excludes_one_topic_does_not_exclude_another() -> None:
    finder = Finder(
        [invented("a", about("fever"), about("cold", role="excludes")), invented("b", about("fever"))]
    )
    assert [hit.slug for hit in found(finder, asked(words="fever and cold"))] == ["b"]


def test_a_retired_topic_is_not_found() -> None:
    retired = replace(TOPIC, retired=Retirement(date="2026-11-25", reason="A new one is there."))
    assert found(Finder([retired]), Asked(codings=(Coding("http://snomed.info/sct", "32273002"),))) == ()
    assert found(Finder([retired]), asked(words="IVIG")) == ()


@pytest.mark.parametrize("start", ["IVIG ", "immune globulin ", "IV ", "immune globulin IV ", "ITP %% "])
def test_a_text_that_is_too_long_selects_nothing(start: str) -> None:
    finder = Finder([TOPIC])
    long = start * (100_000 // len(start))
    assert found(finder, asked(words=long)) == ()
    ivig, itp = (Asked(codings=(one,), words=(long,)) for one in _codes("product", "condition"))
    assert found(finder, ivig) == ()
    assert [hit.of for hit in found(finder, itp)] == ["condition"]


def test_a_text_of_the_greatest_length_is_read_to_its_end() -> None:
    padding = "x " * ((LONGEST_TEXT - len("IVIG")) // 2)
    finder = Finder([TOPIC])
    assert found(finder, asked(words=padding + "IVIG"))
    assert found(finder, asked(words=padding + "IVIG ")) == ()


def test_no_phrase_reaches_from_one_text_into_the_next() -> None:
    finder = Finder([invented("a", about("red … blue"), about("green yellow"))])
    assert found(finder, Asked(words=("red", "blue"))) == ()
    assert found(finder, Asked(words=("green", "yellow"))) == ()
    assert found(finder, Asked(words=("red or blue",)))


def test_of_several_sections_the_longest_phrase_chooses_then_the_first() -> None:
    pain, after = (
        about(word, role="mentions", section=section)
        for word, section in (("pain", "side-effects"), ("muscle pain", "side-effects-after"))
    )
    rash = about("rash", role="mentions", section="side-effects-during")
    finder = Finder([invented("a", about("washing"), pain, after, rash)])

    def section(words: str) -> str | None:
        return found(finder, asked(words=f"washing {words}"))[0].section

    assert section("rash, muscle pain") == "side-effects-after"
    assert section("rash, pain") == "side-effects-during"
    assert section("pain, rash") == "side-effects"


def test_a_topic_that_names_no_age_group_is_for_every_age() -> None:
    words = CodedText(text="child", codings=(Coding("http://snomed.info/sct", "68433009"),))
    topic = invented("a", about("washing"), use_contexts=(UseContext(kind="age", value=words),))
    (hit,) = Finder([topic]).find(Context(asked=(asked(words="washing"),), age=Age(low=90, high=91)))
    assert hit.outside is None


def _codes(*of: str) -> list[Coding]:
    found = (next(entry.coding for entry in TOPIC.finder if entry.of == one and entry.coding) for one in of)
    return list(found)
