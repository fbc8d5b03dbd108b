"""Flesch-Kincaid. https://en.wikipedia.org/wiki/Flesch%E2%80%93Kincaid_readability_tests"""

from __future__ import annotations

import pytest

from fhir_service.content.readability import Count, count, count_syllables


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("cat", 1),
        ("same", 1),
        ("little", 2),
        ("body", 2),
        ("doses", 2),
        ("slowed", 1),
        ("coated", 2),
        ("nausea", 2),
        ("child's", 1),
        ("platelets", 3),
        ("medicine", 3),
        ("vomiting", 3),
        ("reaction", 3),
        ("antibodies", 4),
        ("intravenous", 4),
        ("diphenhydramine", 5),
        ("acetaminophen", 6),
        ("IVIG", 4),
        ("ITP", 3),
    ],
)
def test_syllables_are_those_counted_by_hand(word: str, syllables: int) -> None:
    assert count_syllables(word) == syllables


def test_counts_are_those_counted_by_hand() -> None:
    # 2 words in the heading, a sentence of its own; then 6 and 5 words; none has two syllables.
    assert count(["A day", "The cat sat on the mat. It was a hot day."]) == Count(3, 13, 13)


def test_the_grade_is_the_published_formula() -> None:
    # By hand: 0.39 * 10/2 + 11.8 * 15/10 - 15.59 = 1.95 + 17.7 - 15.59
    assert Count(sentences=2, words=10, syllables=15).grade == pytest.approx(4.06)


def test_a_full_stop_inside_a_number_ends_no_sentence() -> None:
    assert count(["It is 2.5 or more."]).sentences == 1


def test_a_text_without_words_has_no_grade() -> None:
    assert count(["", "..."]).grade == 0.0


def test_harder_words_need_a_higher_grade() -> None:
    easy = count(["The care team gives it slowly."])
    hard = count(["Administration necessitates gradual acceleration."])
    assert hard.grade > easy.grade + 5
