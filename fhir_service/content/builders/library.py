"""Library: the index of everything in the topic, its context of use, and the content hash.

https://hl7.org/fhir/R4/library.html

The hash is an identifier: an RFC 6920 name `ni:///sha-256;...` over the words, codes and structure that all
resources of all releases are made from, so it is the same in each and at every door. It stands in no other
resource, so that one comma does not touch every file.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..narrative import bullets, paragraph
from ..neutral import content_hash, publisher_file, topic_file
from .artifact import absence, derived_from, finished, topic_metadata, topics, use_contexts
from .context import TopicContext
from .datatypes import Element, Resource
from .languages import translations

LIBRARY_TYPE = "http://terminology.hl7.org/CodeSystem/library-type"

# What has a canonical URL; in R5 the others are literal references.
CANONICAL_TYPES = {
    "ActivityDefinition", "CodeSystem", "ConceptMap", "PlanDefinition", "Questionnaire",
    "StructureDefinition", "ValueSet",
}  # fmt: skip


def build_index(context: TopicContext, others: Sequence[Resource]) -> Resource:
    """The Library, which is built last: it lists the other resources and carries their hash."""
    topic = context.topic
    resource = topic_metadata(
        context, "Library", context.id("library"), title=topic.title, description=_description(context)
    )
    resource |= translations(context, None, "title", lambda other: other.title)
    name = content_hash(topic_file(topic), publisher_file(context.publisher))
    resource |= {
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": name}],
        "type": {
            "coding": [{"system": LIBRARY_TYPE, "code": "asset-collection", "display": "Asset Collection"}]
        },
        "useContext": use_contexts(context),
        "purpose": topic.purpose,
        "topic": topics(),
        "author": [{"name": context.publisher.name}],
        "relatedArtifact": [
            derived_from(context),
            *(_composed_of(context, other) for other in others),
            *_successor(context),
        ],
    }
    blocks = [paragraph(topic.title), paragraph(topic.description), absence(context)]
    held = [other["title"] for other in others if other.get("title") and other["language"] == topic.language]
    blocks += [paragraph("It holds, among others:"), bullets(held)]
    return finished(context, resource, blocks, covers=others)


def _description(context: TopicContext) -> str:
    return f"{context.topic.description} {context.notices.absence}"


def _successor(context: TopicContext) -> list[Element]:
    """The Library of the topic that is shown instead of a retired one."""
    retired = context.topic.retired
    if retired is None or retired.replaced_by is None:
        return []
    return [{"type": "successor", "resource": context.canonical("Library", f"{retired.replaced_by}-library")}]


def _composed_of(context: TopicContext, other: Resource) -> Element:
    resource_type, resource_id = other["resourceType"], other["id"]
    related: Element = {"type": "composed-of"}
    if other.get("title"):
        related["display"] = other["title"]
    if context.is_r5 and resource_type not in CANONICAL_TYPES:
        related["resourceReference"] = {"reference": f"{resource_type}/{resource_id}"}
    else:
        related["resource"] = context.canonical(resource_type, resource_id)
    return related
