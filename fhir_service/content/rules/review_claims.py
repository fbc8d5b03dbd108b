"""No artifact claims a review that topic.yaml does not record, and a recorded one is of these very words.

https://hl7.org/fhir/R4/metadataresource.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding, at
from ..publisher import review_of
from ..words import words_sha256
from .rule import Material, Resource, Rule
from .walk import objects

_CLAIMS = ("lastReviewDate", "approvalDate", "attester", "reviewer", "endorser")
_CLAIMING_EXTENSIONS = ("resource-lastReviewDate", "resource-approvalDate")


def check(material: Material) -> Iterator[Finding]:
    yield from _unfounded(material)
    topic = material.topic
    for text in topic.texts:
        review = topic.clinical_review if text is topic.text else text.review
        words = words_sha256(topic, text)
        if review and review.words_sha256 != words:
            message = f"the recorded review is of other words in `{text.language}`"
            needed = f"words_sha256: {words} after somebody has read them, or no review"
            yield at(review.where, f"{message}; allowed: {needed}")


def _unfounded(material: Material) -> Iterator[Finding]:
    for release, resource in material.resources():
        if review_of(material.topic, material.text_of(resource) or material.topic.text):
            continue
        for claim in sorted(set(_claims(resource))):
            message = f"`{claim}` claims a review that topic.yaml does not record; allowed: no such element"
            yield material.fault(release, resource, message)


def _claims(resource: Resource) -> Iterator[str]:
    for item in objects(resource):
        yield from (name for name in _CLAIMS if name in item)
        url = item.get("url")
        yield from (
            name for name in _CLAIMING_EXTENSIONS if isinstance(url, str) and url.endswith(f"/{name}")
        )


RULE = Rule("review_claims", "No artifact claims a clinical review that topic.yaml does not record.", check)
