"""No artifact claims a clinical review that topic.yaml does not record, and a recorded one is of these words.

https://hl7.org/fhir/R4/metadataresource.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding, at
from ..words import words_sha256
from .rule import Material, Resource, Rule
from .walk import objects

_CLAIMS = ("lastReviewDate", "approvalDate", "attester", "reviewer", "endorser")
_CLAIMING_EXTENSIONS = ("resource-lastReviewDate", "resource-approvalDate")


def check(material: Material) -> Iterator[Finding]:
    review = material.topic.clinical_review
    if review is None:
        yield from _unfounded(material)
        return
    words = words_sha256(material.topic)
    if review.words_sha256 != words:
        message = f"the recorded review is of other words; allowed: words_sha256: {words}"
        yield at(review.where, f"{message} after a clinician has read them, or no review")


def _unfounded(material: Material) -> Iterator[Finding]:
    for release, resource in material.resources():
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
