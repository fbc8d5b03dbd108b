"""What all artifacts have in common: head, canonical metadata, notices and narrative.

https://hl7.org/fhir/R4/metadatatypes.html and https://hl7.org/fhir/R5/canonicalresource.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..narrative import narrative, paragraph
from ..publisher import standing
from .context import Context, TopicContext
from .datatypes import Element, Resource, concept_of

HEAD = ("resourceType", "id", "meta", "implicitRules", "language")
USAGE_CONTEXT_TYPE = "http://terminology.hl7.org/CodeSystem/usage-context-type"
DEFINITION_TOPIC = "http://terminology.hl7.org/CodeSystem/definition-topic"
LAST_REVIEW_DATE = "http://hl7.org/fhir/StructureDefinition/resource-lastReviewDate"
ORIGIN_ID = "origin"
DERIVED = "derived"

# What has a review date as an element in every release, and what has it since R5 (an extension before).
_REVIEW_DATE_TYPES = {"ActivityDefinition", "Library", "PlanDefinition", "Questionnaire"}
_REVIEW_DATE_TYPES_OF_R5 = {"CodeSystem", "ConceptMap", "ValueSet"}

# HL7's profiles for artifacts that are shared, by the releases that have them.
SHAREABLE = "http://hl7.org/fhir/StructureDefinition/shareable"
_SHAREABLE_TYPES = {
    "r4": {"ActivityDefinition", "CodeSystem", "Library", "PlanDefinition", "ValueSet"},
    "r4b": {"ActivityDefinition", "CodeSystem", "Library", "ValueSet"},
    "r5": {"ActivityDefinition", "CodeSystem", "ConceptMap", "Library", "PlanDefinition", "ValueSet"},
}


def head(context: Context, resource_type: str, resource_id: str) -> Resource:
    return {"resourceType": resource_type, "id": resource_id, "language": context.language}


def machine_name(resource_id: str) -> str:
    """`ivig-itp-plan` -> `IvigItpPlan`: a name that code generators accept."""
    return "".join(part[:1].upper() + part[1:] for part in resource_id.split("-"))


def metadata(
    context: Context,
    resource_type: str,
    resource_id: str,
    *,
    title: str,
    description: str,
    status: str = "draft",
) -> Resource:
    """Head and canonical metadata of an artifact that all topics share."""
    publisher = context.publisher
    has_title = context.is_r5 or resource_type != "SearchParameter"  # and a copyright
    resource = head(context, resource_type, resource_id)
    if resource_type in _SHAREABLE_TYPES[context.release.name]:
        resource["meta"] = {"profile": [f"{SHAREABLE}{resource_type.lower()}"]}
    resource["url"] = context.canonical(resource_type, resource_id)
    resource["version"] = publisher.version
    resource["name"] = machine_name(resource_id)
    if has_title:
        resource["title"] = title
    resource |= {"status": status, "experimental": False, "date": publisher.released}
    resource |= {"publisher": publisher.name, "description": description}
    if has_title:
        resource["copyright"] = publisher.copyright
    return resource


def topic_metadata(
    context: TopicContext, resource_type: str, resource_id: str, *, title: str, description: str
) -> Resource:
    """Head and canonical metadata of one of the topic's artifacts, with its version, date and status."""
    topic = context.topic
    resource = metadata(
        context, resource_type, resource_id, title=title, description=description, status=context.status
    )
    resource |= {"version": topic.version, "date": topic.released, "experimental": topic.experimental}
    return resource | _review_date(context, resource_type)


def _review_date(context: TopicContext, resource_type: str) -> Resource:
    """The date of a recorded clinical review; nothing before there is one."""
    review = context.topic.clinical_review
    if review is None or resource_type not in _REVIEW_DATE_TYPES | _REVIEW_DATE_TYPES_OF_R5:
        return {}
    if context.is_r5 or resource_type in _REVIEW_DATE_TYPES:
        return {"lastReviewDate": review.date}
    return {"extension": [{"url": LAST_REVIEW_DATE, "valueDate": review.date}]}


def use_contexts(context: TopicContext) -> list[Element]:
    return [
        {
            "code": {"system": USAGE_CONTEXT_TYPE, "code": use.kind},
            "valueCodeableConcept": concept_of(use.value),
        }
        for use in context.topic.use_contexts
    ]


def topics() -> list[Element]:
    """What the artifact is about, in HL7's words: treatment and education."""
    return [
        {"coding": [{"system": DEFINITION_TOPIC, "code": "treatment", "display": "Treatment"}]},
        {"coding": [{"system": DEFINITION_TOPIC, "code": "education", "display": "Education"}]},
    ]


def source_citation(context: TopicContext) -> str:
    source = context.topic.source
    return f"“{source.title}”, {source.site}. Reviewed {source.reviewed}."


def derived_from(context: TopicContext) -> Element:
    """The page that the artifact rests on, cited: https://hl7.org/fhir/R4/metadatatypes.html#RelatedArtifact"""
    related: Element = {
        "type": "derived-from",
        "display": context.topic.source.title,
        "citation": source_citation(context),
    }
    if context.is_r5:
        related["resourceReference"] = {"reference": f"DocumentReference/{context.id('source-page')}"}
    return related


def derived_tag(context: Context) -> Element:
    """meta.tag for what is not on the page itself but made from it (not every type has relatedArtifact)."""
    return {
        "system": context.canonical("CodeSystem", ORIGIN_ID),
        "code": DERIVED,
        "display": "Derived from a page",
    }


def mark_derived(context: TopicContext, resource: Resource) -> None:
    resource["meta"] = resource.get("meta", {}) | {"tag": [derived_tag(context)]}


def _systems(value: Any) -> Iterator[str]:
    """Every code system that a resource uses."""
    if isinstance(value, dict):
        if isinstance(value.get("system"), str):
            yield value["system"]
        for key in ("source", "target"):  # ConceptMap.group
            if isinstance(value.get(key), str):
                yield value[key]
        for member in value.values():
            yield from _systems(member)
    elif isinstance(value, list):
        for member in value:
            yield from _systems(member)


def _copyright(context: Context, covered: Iterable[Resource]) -> str:
    """The publisher's line, the topic's trademarks, and what the owner of each code system used asks."""
    used = {system for resource in covered for system in _systems(resource)}
    parts = [context.publisher.copyright]
    if isinstance(context, TopicContext) and context.topic.trademarks:
        parts.append(context.topic.trademarks)
    parts += [
        system.notice for system in context.publisher.code_systems if system.url in used and system.notice
    ]
    return " ".join(parts)


def finished(
    context: Context, resource: Resource, blocks: Iterable[str], covers: Iterable[Resource] = ()
) -> Resource:
    """The resource with its copyright, narrative and head; an index `covers` other resources."""
    if "copyright" in resource:
        resource["copyright"] = _copyright(context, [resource, *covers])
    first = {key: resource[key] for key in HEAD if key in resource}
    status = "generated"
    blocks = list(blocks)
    if isinstance(context, TopicContext):
        notices = context.publisher.notice(resource["language"])
        blocks += [paragraph(line) for line in standing(context.topic, notices)]
        status = "additional"
    first["text"] = narrative(blocks, resource["language"], status)
    for name in ("contained", "extension"):
        if name in resource:
            first[name] = resource[name]
    return first | {key: value for key, value in resource.items() if key not in first}


def absence(context: Context) -> str:
    """The block that says that what is missing here means nothing."""
    return paragraph(context.notices.absence)
