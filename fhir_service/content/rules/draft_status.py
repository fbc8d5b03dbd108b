"""What no clinician has reviewed is a draft; what one has reviewed is not.

https://hl7.org/fhir/R4/valueset-publication-status.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..finding import Finding
from ..publisher import review_of
from .rule import Material, Resource, Rule

_DRAFT = {"Composition": "preliminary", "DocumentReference": "preliminary"}
_REVIEWED = {"Composition": "final", "DocumentReference": "final"}
# Their status says something else (whether a product is in use) and has no word for a draft.
_NO_DRAFT = frozenset(["Medication", "MedicationKnowledge"])


def check(material: Material) -> Iterator[Finding]:
    for release, resource in material.resources():
        name = resource["resourceType"]
        reviewed = review_of(material.topic, material.text_of(resource) or material.topic.text) is not None
        if name in _NO_DRAFT and not reviewed:
            if "status" in resource:
                message = f"{name} has a status before a review; allowed: none, it has no word for draft"
                yield material.fault(release, resource, message)
            continue
        wanted = (_REVIEWED if reviewed else _DRAFT).get(name, "active" if reviewed else "draft")
        status = _status(resource)
        if status is not None and status != wanted:
            known = "is recorded" if reviewed else "is not recorded"
            message = f"the status is `{status}` and a clinical review {known}; allowed: `{wanted}`"
            yield material.fault(release, resource, message)


def _status(resource: Resource) -> str | None:
    """The status that says how finished the content is."""
    if resource["resourceType"] == "DocumentReference":
        # The stand-in for the source page has none: it is not our document.
        found = resource.get("docStatus")
        return None if found is None else str(found)
    status: Any = resource.get("status")
    if isinstance(status, dict):
        return str(next((coding.get("code") for coding in status.get("coding", ())), None))
    return None if status is None else str(status)


RULE = Rule(
    "draft_status",
    "Without a recorded clinical review the status is draft (Composition: preliminary).",
    check,
)
