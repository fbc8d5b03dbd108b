"""Whom a page is about, said to who asked about somebody of another age.

https://www.nlm.nih.gov/mesh/ (Age Groups)
"""

from __future__ import annotations

from fhir_service.age import population
from fhir_service.content.publisher import PageWords
from fhir_service.content.topic import Topic
from fhir_service.finder import Hit

# MeSH has adolescents up to 18.
_ADULT = 19


def about_ages(topic: Topic, hit: Hit, words: PageWords) -> str | None:
    """None: the age that was asked about fits, or is not known."""
    if hit.outside is None:
        return None
    oldest = population(topic).high
    if oldest is None or oldest > _ADULT:
        return words.of_other_ages
    return words.of_children if hit.outside == "older" else words.of_older_children
