"""What no clinician has reviewed is a draft; what one has reviewed is not; what is retired is neither.

https://hl7.org/fhir/R4/valueset-publication-status.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..finding import Finding
from ..publisher import review_of
from ..topic import Topic
from .rule import Material, Resource, Rule

_DOCUMENTS = frozenset(["Composition", "DocumentReference"])
# Their status says something else (whether a product is in use): no word for a draft, nor for a retired page.
_PRODUCTS = frozenset(["Medication", "MedicationKnowledge"])


def check(material: Material) -> Iterator[Finding]:
    topic = material.topic
    for release, resource in material.resources():
        reviewed = review_of(topic, material.text_of(resource) or topic.text) is not None
        name, status = resource["resourceType"], _status(resource)
        wanted = _wanted(topic, name, release, reviewed)
        if wanted is None and status is not None:
            message = (
                f"{name} has a status, and {_standing(topic, reviewed)}; allowed: none: no word for that"
            )
            yield material.fault(release, resource, message)
        elif status not in (None, wanted):
            message = f"the status is `{status}`, and {_standing(topic, reviewed)}; allowed: `{wanted}`"
            yield material.fault(release, resource, message)


def _standing(topic: Topic, reviewed: bool) -> str:
    if topic.retired:
        return "the topic is retired"
    return f"a clinical review is {'recorded' if reviewed else 'not recorded'}"


def _wanted(topic: Topic, name: str, release: str, reviewed: bool) -> str | None:
    if name in _PRODUCTS:
        return "active" if reviewed and not topic.retired else None
    if name in _DOCUMENTS:
        if topic.retired and release == "r5":  # before it no document has a word for that
            return "deprecated"
        return "final" if reviewed else "preliminary"
    if topic.retired:
        return "retired"
    return "active" if reviewed else "draft"


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
    "Without a recorded clinical review the status is draft (Composition: preliminary); retired is retired.",
    check,
)
