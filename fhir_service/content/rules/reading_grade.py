"""The words can be read with six years of school, by the formula of their language.

https://en.wikipedia.org/wiki/Readability
"""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding
from ..readability import formula_for
from ..words import passages, topic_words
from .rule import Material, Rule


def check(material: Material) -> Iterator[Finding]:
    topic = material.topic
    texts = [(text.where.file, text.language, passages(text)) for text in topic.texts]
    for file, language, words in [*texts, (material.file, topic.language, topic_words(topic))]:
        formula = formula_for(language)
        if formula is None:
            message = f"no formula measures how easy `{language}` is to read; allowed: one in readability.py"
            yield Finding(file, 1, message)
            continue
        value = formula.measure(passage for _, passage in words)
        if formula.is_hard(value):
            bound = f"{formula.limit:.1f} at {'least' if formula.higher_is_easier else 'most'}"
            message = f"the words are hard to read ({formula.name} {value:.1f}); allowed: {bound}"
            yield Finding(file, 1, f"{message}: shorter sentences, shorter words")


RULE = Rule(
    "reading_grade", "The words ask for six years of school at most, by the formula of their language.", check
)
