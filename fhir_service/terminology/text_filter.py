"""A text filter over many members: which of them have words that begin with the words asked for.

https://hl7.org/fhir/R4/valueset-operation-expand.html (parameter `filter`)

Each member's words are folded once, in one text with a space before each word, so that a filter is one search
for ` word` in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fhir_service.terminology.designations import as_words


class Haystack:
    def __init__(self, texts: Iterable[Iterable[str]]) -> None:
        """`texts` are, for each member in order, all the texts that may match."""
        self._lines = ["".join(dict.fromkeys(map(as_words, one))) for one in texts]

    def find(self, text: str) -> Sequence[int]:
        """The places of the members in which every word of the text begins a word, in order."""
        # The longest word first: it is in the fewest lines.
        words = sorted(set(as_words(text).split()), key=len, reverse=True)
        found: Sequence[int] = range(len(self._lines))
        for needle in (f" {word}" for word in words):
            found = [place for place in found if needle in self._lines[place]]
        return found
