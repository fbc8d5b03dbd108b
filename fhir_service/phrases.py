"""Words as the finder compares them: whole words, without regard to case, accents or punctuation.

https://www.unicode.org/reports/tr15/ (NFKD) and https://www.unicode.org/reports/tr29/

    "IMMUNE GLOBULIN (HUMAN) 10% I.V."  ->  immune globulin human 10 % iv
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

GAP = "…"
"""Between two parts of a phrase: other words may stand there."""

GAP_WORDS = 6
"""How many."""

LONGEST = 8
"""The words of the longest phrase (or part of one) that is looked for."""

LONGEST_TEXT = 1000
"""Characters. What is longer is no order and no question: none of it is read, lest an exclusion is missed."""

_UNSEEN = ("Mn", "Me", "Cf")
"""Accents, and what only a computer sees, such as a soft hyphen."""

_STOP = "."
"""Stands where a sentence or a text ends; no phrase reaches over it."""

_ABBREVIATION = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){1,5}[^\W\d_]\.?(?![^\W_])")
_WORD = re.compile(r"[^\W_]+|%|[.;!?](?=\s)|\n")


def words_of(text: str) -> list[str]:
    """The words of one text, folded; `.` where a sentence ends."""
    folded = text.casefold()
    if not folded.isascii():
        plain = unicodedata.normalize("NFKD", folded).casefold()
        folded = "".join(letter for letter in plain if unicodedata.category(letter) not in _UNSEEN)
    joined = _ABBREVIATION.sub(lambda found: found[0].replace(".", "") + " ", folded)
    return [word if word[0].isalnum() or word == "%" else _STOP for word in _WORD.findall(joined)]


class Span(NamedTuple):
    """Where a phrase stands among the words: from `start` (included) to `end` (not included)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """The words of all texts of one thing that is asked about, and every phrase in them."""

    words: list[str]
    phrases: dict[str, list[Span]]
    is_too_long: bool

    @classmethod
    def of(cls, texts: Sequence[str]) -> Spoken:
        if sum(map(len, texts)) > LONGEST_TEXT:
            return cls([], {}, is_too_long=True)
        words = [word for text in texts for word in (*words_of(text), _STOP)]
        phrases: dict[str, list[Span]] = {}
        for span, phrase in _phrases(words):
            phrases.setdefault(phrase, []).append(span)
        return cls(words, phrases, is_too_long=False)

    def said(self, span: Span) -> str:
        return " ".join(self.words[span.start : span.end])


def _phrases(words: list[str]) -> Iterator[tuple[Span, str]]:
    """Every run of up to LONGEST words of one sentence."""
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
            if words[end - 1] == _STOP:
                break
            yield Span(start, end), " ".join(words[start:end])


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that is looked for: its words, and those that follow after a gap."""

    head: str
    tail: str | None = None

    @classmethod
    @cache
    def of(cls, written: str) -> Phrase:
        """Topics share many phrases: each is kept once."""
        head, gap, tail = written.partition(GAP)
        return cls(" ".join(words_of(head)), " ".join(words_of(tail)) if gap else None)

    def spans(self, spoken: Spoken) -> Iterator[Span]:
        """Everywhere that it is said."""
        heads = spoken.phrases.get(self.head, ())
        if self.tail is None:
            yield from heads
            return
        tails = spoken.phrases.get(self.tail, ()) if heads else ()
        for head in heads:
            near = bisect_left(tails, head.end, key=lambda tail: tail.start)
            if near < len(tails) and self._reaches(spoken, head, tails[near]):
                yield Span(head.start, tails[near].end)

    def is_said(self, spoken: Spoken) -> bool:
        if self.head not in spoken.phrases:
            return False
        return self.tail is None or next(self.spans(spoken), None) is not None

    def _reaches(self, spoken: Spoken, head: Span, tail: Span) -> bool:
        between = spoken.words[head.end : tail.start]
        return len(between) <= GAP_WORDS and _STOP not in between


class Phrases:
    """Phrases of which one is enough; most of many are passed over by how they begin."""

    def __init__(self, written: Iterable[str]) -> None:
        self._by_head: dict[str, list[Phrase]] = {}
        for phrase in map(Phrase.of, written):
            self._by_head.setdefault(phrase.head, []).append(phrase)

    def __bool__(self) -> bool:
        return bool(self._by_head)

    def is_any_said(self, spoken: Spoken) -> bool:
        """Words that are too long to read might say anything."""
        if spoken.is_too_long:
            return True
        heads = self._by_head.keys() & spoken.phrases.keys()
        return any(phrase.is_said(spoken) for head in heads for phrase in self._by_head[head])
