"""The words can be read with six years of school.

https://en.wikipedia.org/wiki/Flesch%E2%80%93Kincaid_readability_tests
"""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding
from ..readability import count
from ..words import passages, topic_words
from .rule import Material, Rule

LIMIT = 6.0


def check(material: Material) -> Iterator[Finding]:
    topic = material.topic
    texts = [
        (f"topics/{topic.slug}/text.en.md", passages(text)) for text in topic.texts if text.language == "en"
    ]
    for file, words in [*texts, (material.file, topic_words(topic))]:
        grade = count(passage for _, passage in words).grade
        if grade > LIMIT:
            message = f"the words need a reading grade of {grade:.1f} (Flesch-Kincaid)"
            yield Finding(
                file, 1, f"{message}; allowed: {LIMIT:.1f} at most: shorter sentences, shorter words"
            )


RULE = Rule("reading_grade", f"The Flesch-Kincaid grade of the words is {LIMIT:.0f} or lower.", check)
