"""The service's own statements stand where a reader needs them.

https://hl7.org/fhir/R4/safety.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding
from ..publisher import Notices, review_line
from .rule import Material, Resource, Rule
from .walk import page_of, passages, plain

_SPEAKS_OF_EFFECTS = frozenset(
    ("Library", "Composition", "Medication", "MedicationKnowledge", "ClinicalUseDefinition")
    + ("MedicinalProductUndesirableEffect", "MedicinalProductIndication")
)
"""Here an absent contraindication could be taken for a statement, so that the narrative says it is none."""


def check(material: Material) -> Iterator[Finding]:
    for release, resource in material.resources():
        notices = material.publisher.notice(resource.get("language", material.topic.language))
        for what, wanted in _wanted(material, resource, notices):
            if not wanted:
                yield material.fault(release, resource, f"{what} is missing; allowed: as notices.*.md has it")


def _wanted(material: Material, resource: Resource, notices: Notices) -> Iterator[tuple[str, bool]]:
    name, text = resource["resourceType"], material.text_of(resource)
    blocks = passages(resource.get("text", {}).get("div", ""))
    narrative = plain(" ".join(blocks))
    if text and text.is_draft:
        title, *shown = passages(page_of(resource)) if name == "Binary" else ["", *blocks]
        yield (
            "a first line that says that this is a draft translation",
            shown[:1] == [notices.draft_translation],
        )
    if name == "Questionnaire":
        first = (resource.get("item") or [{}])[0]
        yield "the service notice as first item", first.get("text") == notices.service
    if name == "Binary":
        page = plain(" ".join(passages(page_of(resource))))
        yield "the service notice in the page", not page or plain(notices.service) in page
    if name in _SPEAKS_OF_EFFECTS:
        yield "the statement that absence means nothing", plain(notices.absence) in narrative
    if name != "Binary":
        line = plain(review_line(material.topic, notices))
        yield "the line about a clinical review in the narrative", line in narrative


RULE = Rule(
    "service_notice", "The service notice, the absence statement and the review line are in place.", check
)
