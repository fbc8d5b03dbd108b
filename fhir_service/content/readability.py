"""How easy a text is to read, by the formula in use for its language. Measured here and nowhere else.

https://en.wikipedia.org/wiki/Flesch%E2%80%93Kincaid_readability_tests (English)
https://cnbguatemala.org/wiki/Legible/Lecturabilidad_de_Fern%C3%A1ndez_Huerta (Spanish, as set right in
https://linguistlist.org/issues/22/22-2332.html: many copies have sentences where the words of one belong)

    Flesch-Kincaid    0.39 * words / sentences + 11.8 * syllables / words - 15.59
                      years of school: the lower, the easier
    Fernández-Huerta  206.84 - 60 * syllables / words - 1.02 * words / sentences
                      0 to 100: the higher, the easier; his table has 70 to 80 for the sixth year of school

In English, hyphenation alone counts too few syllables, since no printer breaks a word everywhere it could be
broken: it finds one in "body" and two in "acetaminophen". So a word has as many as pyphen's patterns find, or
as it has groups of vowels that are spoken, whichever is more. Spanish spelling tells its syllables by itself.
An abbreviation (IVIG) has one for each letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import pyphen

from .topic import Readability, Text
from .words import passages

Syllables = Callable[[str], int]
"""How many syllables a word has, written in small letters."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)")

_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(r"(?<=[^aeiouyl])e$|(?<=[^aeiouylscgxzh])es$|(?<=[^aeiouytd])ed$")
"""The e of "same" is not spoken, nor that of "slowed"; those of "little", "doses" and "coated" are."""

_SILENT_U = re.compile(r"(?<=[qg])u(?=[eiéí])")
"""The u of "plaquetas" is not spoken; that of "pingüino" is."""
_NUCLEUS = re.compile(r"[iuüy]?[aeoáéóíú](?:[iuü]|y(?![aeiouáéíóú]))?|[iuüy]+")
"""A strong vowel with the weak ones beside it, or weak ones alone. An accent (día) makes one strong."""


@dataclass(frozen=True)
class Count:
    """What the formulas are made of."""

    sentences: int
    words: int
    syllables: int

    @property
    def flesch_kincaid(self) -> float:
        """0 for a text without words."""
        if not self.words:
            return 0.0
        return 0.39 * self.words / self.sentences + 11.8 * self.syllables / self.words - 15.59

    @property
    def fernandez_huerta(self) -> float:
        """100 for a text without words."""
        if not self.words:
            return 100.0
        return 206.84 - 60 * self.syllables / self.words - 1.02 * self.words / self.sentences


def count(words: Iterable[str], syllables: Syllables) -> Count:
    """Counts headings, paragraphs and list items; the end of a passage ends its last sentence."""
    counted = Count(0, 0, 0)
    for passage in words:
        found = _WORD.findall(passage)
        pieces = (piece for piece in _SENTENCE_END.split(passage) if _WORD.search(piece))
        counted = Count(
            counted.sentences + sum(1 for _ in pieces),
            counted.words + len(found),
            counted.syllables + sum(count_syllables(word, syllables) for word in found),
        )
    return counted


def count_syllables(word: str, syllables: Syllables) -> int:
    """The syllables of one word or abbreviation; at least one."""
    if word.isupper() and 1 < len(word) <= 5:
        return len(word)
    return max(1, syllables(word.lower().replace("’", "'")))


def english(word: str) -> int:
    """By hyphenation or by vowels, whichever finds more."""
    hyphenated = len(_hyphenation().positions(word)) + 1
    return max(hyphenated, len(_VOWELS.findall(word)) - len(_SILENT_END.findall(word)))


def spanish(word: str) -> int:
    return len(_NUCLEUS.findall(_SILENT_U.sub("", word)))


@dataclass(frozen=True)
class Formula:
    """A way to measure one language, and how far the words may go."""

    name: str
    measure: Callable[[Iterable[str]], float]
    limit: float
    higher_is_easier: bool = False

    def is_hard(self, value: float) -> bool:
        return value < self.limit if self.higher_is_easier else value > self.limit


FORMULAS = {
    "en": Formula("Flesch-Kincaid", lambda words: count(words, english).flesch_kincaid, 6.0),
    "es": Formula(
        "Fernández-Huerta", lambda words: count(words, spanish).fernandez_huerta, 70.0, higher_is_easier=True
    ),
}
"""By language. Both limits are the sixth year of school."""


def formula_for(language: str) -> Formula | None:
    return FORMULAS.get(language.partition("-")[0])


def readability(text: Text) -> Readability | None:
    """How easy a text is; None for a language that has no formula here."""
    formula = formula_for(text.language)
    if formula is None:
        return None
    value = formula.measure(words for _, words in passages(text))
    return Readability(formula=formula.name, value=round(value, 1))


@cache
def _hyphenation() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_US")
