"""Whom a page is about, said to who asked about somebody of another age.

https://www.nlm.nih.gov/mesh/ (Age Groups)
"""

from __future__ import annotations

from fhir_service.age import age_group, span
from fhir_service.content.publisher import PageWords
from fhir_service.content.topic import Topic
from fhir_service.finder import Hit

# MeSH has adolescents up to 18.
_ADULT = 19


def about_ages(topic: Topic, hit: Hit, words: PageWords) -> str | None:
    """None: the age that was asked about fits, or is not known."""
    if hit.outside is None:
        return None
    values = (use.value for use in topic.use_contexts if use.kind == "age")
    groups = (age_group(coding) for value in values for coding in value.codings)
    oldest = span(age for age in groups if age).high
    if oldest is None or oldest > _ADULT:
        return words.of_other_ages
    return words.of_children if hit.outside == "older" else words.of_older_children
