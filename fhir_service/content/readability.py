"""Flesch-Kincaid grade: how many years of school a text asks for. Measured here and nowhere else.

https://en.wikipedia.org/wiki/Flesch%E2%80%93Kincaid_readability_tests

    grade = 0.39 * words / sentences + 11.8 * syllables / words - 15.59

Hyphenation alone counts too few syllables, since no printer breaks a word everywhere it could be broken: it
finds one in "body" and two in "acetaminophen". So a word has as many as pyphen's patterns find, or as it has
groups of vowels that are spoken, whichever is more; an abbreviation (IVIG) has one for each letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import pyphen

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(r"(?<=[^aeiouyl])e$|(?<=[^aeiouylscgxzh])es$|(?<=[^aeiouytd])ed$")
"""The e of "same" is not spoken, nor that of "slowed"; those of "little", "doses" and "coated" are."""
_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)")


@dataclass(frozen=True)
class Count:
    """What the grade is made of."""

    sentences: int
    words: int
    syllables: int

    @property
    def grade(self) -> float:
        """The Flesch-Kincaid grade; 0 for a text without words."""
        if not self.words:
            return 0.0
        return 0.39 * self.words / self.sentences + 11.8 * self.syllables / self.words - 15.59


def count(passages: Iterable[str]) -> Count:
    """Counts headings, paragraphs and list items; the end of a passage ends its last sentence."""
    sentences = words = syllables = 0
    for passage in passages:
        found = _WORD.findall(passage)
        if found:
            pieces = (piece for piece in _SENTENCE_END.split(passage) if _WORD.search(piece))
            sentences += sum(1 for _ in pieces)
            words += len(found)
            syllables += sum(map(count_syllables, found))
    return Count(sentences, words, syllables)


def count_syllables(word: str) -> int:
    """The syllables of one word, by whichever way finds more; at least one."""
    if word.isupper() and 1 < len(word) <= 5:
        return len(word)
    small = word.lower().replace("’", "'")
    hyphenated = len(_hyphenation().positions(small)) + 1
    return max(1, hyphenated, len(_VOWELS.findall(small)) - len(_SILENT_END.findall(small)))


@cache
def _hyphenation() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_US")
