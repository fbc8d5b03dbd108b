"""Flesch-Kincaid and Fernández-Huerta.

https://en.wikipedia.org/wiki/Flesch%E2%80%93Kincaid_readability_tests
https://cnbguatemala.org/wiki/Legible/Lecturabilidad_de_Fern%C3%A1ndez_Huerta
"""

from __future__ import annotations

import pytest

from fhir_service.content.readability import FORMULAS, Count, count, count_syllables, english, spanish


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
    assert count_syllables(word, english) == syllables


def test_counts_are_those_counted_by_hand() -> None:
    # 2 words in the heading, a sentence of its own; then 6 and 5 words; none has two syllables.
    assert count(["A day", "The cat sat on the mat. It was a hot day."], english) == Count(3, 13, 13)


def test_the_grade_is_the_published_formula() -> None:
    # By hand: 0.39 * 10/2 + 11.8 * 15/10 - 15.59 = 1.95 + 17.7 - 15.59
    assert Count(sentences=2, words=10, syllables=15).flesch_kincaid == pytest.approx(4.06)


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("que", 1),
        ("y", 1),
        ("muy", 1),
        ("día", 2),
        ("fiebre", 2),
        ("sangre", 2),
        ("aún", 2),
        ("ayuda", 3),
        ("cuidado", 3),
        ("plaquetas", 3),
        ("pingüino", 3),
        ("reacción", 3),
        ("aéreo", 4),
        ("sanguíneo", 4),
        ("tratamiento", 4),
        ("trombocitopenia", 6),
        ("inmunoglobulina", 7),
        ("Benadryl", 3),
        ("IVIG", 4),
    ],
)
def test_spanish_syllables_are_those_counted_by_hand(word: str, syllables: int) -> None:
    assert count_syllables(word, spanish) == syllables


def test_the_spanish_score_is_the_published_formula() -> None:
    # By hand: 206.84 - 60 * 20/10 - 1.02 * 10/2 = 206.84 - 120 - 5.1
    assert Count(sentences=2, words=10, syllables=20).fernandez_huerta == pytest.approx(81.74)


def test_each_formula_knows_which_end_is_hard() -> None:
    assert [FORMULAS["en"].is_hard(value) for value in (5.9, 6.1)] == [False, True]
    assert [FORMULAS["es"].is_hard(value) for value in (69.9, 70.1)] == [True, False]


def test_a_full_stop_inside_a_number_ends_no_sentence() -> None:
    assert count(["It is 2.5 or more."], english).sentences == 1


def test_a_text_without_words_has_no_grade() -> None:
    assert count(["", "..."], english).flesch_kincaid == 0.0


def test_harder_words_need_a_higher_grade() -> None:
    easy = count(["The care team gives it slowly."], english)
    hard = count(["Administration necessitates gradual acceleration."], english)
    assert hard.flesch_kincaid > easy.flesch_kincaid + 5
