"""What a page says about itself to machines that read the web: schema.org as JSON-LD.

https://schema.org/MedicalWebPage

It says nothing that the page or the topic does not: `lastReviewed` only with a recorded review, no dose, no
frequency, no claim of who gains what from reading it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_service.content.publisher import review_of
from fhir_service.content.topic import Coding, Topic
from fhir_service.delivery.pages.links import TopicLinks

_WORDS = "textual"
_STRUCTURE = ["readingOrder", "structuralNavigation", "tableOfContents"]


def linked_data(links: TopicLinks) -> dict[str, Any]:
    """One MedicalWebPage."""
    topic, text = links.topic, links.text
    review = review_of(topic, text)
    source = topic.source
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "MedicalWebPage",
        "@id": links.canonical,
        "url": links.canonical,
        "name": text.title,
        "description": text.description,
        "inLanguage": text.language,
        "version": topic.version,
        "dateModified": topic.released,
        "creativeWorkStatus": "Published" if review else "Draft",
        "audience": {"@type": "MedicalAudience", "audienceType": "Patient"},
        "about": list(_about(topic, is_own=text.language == topic.language)),
        "publisher": {"@type": "Organization", "name": links.publisher.name},
        "isBasedOn": {
            "@type": "WebPage",
            "name": source.title,
            "isPartOf": {"@type": "WebSite", "name": source.site},
        },
        "isAccessibleForFree": True,
        "accessMode": [_WORDS],
        "accessModeSufficient": [{"@type": "ItemList", "itemListElement": [_WORDS]}],
        "accessibilityFeature": _STRUCTURE,
        "accessibilityHazard": ["none"],
    }
    if review:
        data["lastReviewed"] = review.date
    return {name: value for name, value in data.items() if value}


def _about(topic: Topic, *, is_own: bool) -> Iterator[dict[str, Any]]:
    """The conditions and the medicine by their codes, and by name in the language of their names."""
    for context in topic.use_contexts:
        if context.kind == "focus":
            name = {"name": context.value.text} if is_own else {}
            yield {"@type": "MedicalCondition", **name, "code": _codes(context.value.codings)}
    product = topic.product
    if product:
        names = {"name": product.name, "alternateName": list(product.synonyms)} if is_own else {}
        yield {"@type": "Drug", **names, "code": _codes(product.codings)}


def _codes(codings: Iterable[Coding]) -> list[dict[str, str]]:
    return [
        {"@type": "MedicalCode", "codeValue": coding.code, "codingSystem": coding.system}
        for coding in codings
    ]
