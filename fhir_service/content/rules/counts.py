"""As many resources and actions are built as the topic has items: none is lost, none is made twice.

https://hl7.org/fhir/R5/clinicalusedefinition.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..finding import Finding
from .rule import Material, Resource, Rule
from .walk import passages, plain, sections

# R4 has its own types for two of them, and none for a warning.
_KINDS = {
    "MedicinalProductUndesirableEffect": "undesirable-effect",
    "MedicinalProductIndication": "indication",
}


def check(material: Material) -> Iterator[Finding]:
    topic = material.topic
    for release, resources in material.built.items():
        kinds = Counter(_kind(resource) for resource in resources)
        actions = sum(len(r.get("action", ())) for r in resources if r["resourceType"] == "PlanDefinition")
        expected = [
            ("side effects", len(topic.side_effects), kinds["undesirable-effect"]),
            ("indications", len(topic.indications), kinds["indication"]),
            ("warnings", 0 if release == "r4" else len(topic.warnings), kinds["warning"]),
            ("actions of the plan", len(topic.plan.actions) if topic.plan else 0, actions),
            ("key points", len(topic.key_points), _key_points(material, resources)),
            ("texts", sum(not text.is_draft for text in topic.texts), _compositions(resources)),
            (
                "draft translations",
                sum(text.is_draft for text in topic.texts),
                _compositions(material.drafts.get(release, ())),
            ),
        ]
        for name, wanted, found in expected:
            if wanted != found:
                yield Finding(
                    material.file, 1, f"{release} has {found} {name}; allowed: {wanted}, as the topic has"
                )


def _compositions(resources: Sequence[Resource]) -> int:
    return sum(resource["resourceType"] == "Composition" for resource in resources)


def _kind(resource: Resource) -> str:
    if resource["resourceType"] == "ClinicalUseDefinition":
        return str(resource.get("type"))
    return _KINDS.get(resource["resourceType"], "")


def _key_points(material: Material, resources: Sequence[Resource]) -> int:
    """How many key points stand, in their own words, in the text of the topic's own language."""
    language = material.topic.language
    words = {
        plain(passage)
        for resource in resources
        if resource["resourceType"] == "Composition" and resource.get("language") == language
        for section in sections(resource)
        for passage in passages(section.get("text", {}).get("div", ""))
    }
    return sum(plain(point.text) in words for point in material.topic.key_points)


RULE = Rule(
    "counts", "Each side effect, indication, warning, action and key point is built exactly once.", check
)
