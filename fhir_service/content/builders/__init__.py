"""The registry of builders: one file for each resource type, each called once for every release.

https://hl7.org/fhir/R4/resourcelist.html

A release's resources are always built from the neutral topic, never from another release's JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..publisher import Publisher
from ..topic import Topic
from . import (
    activity_definition,
    adverse_event,
    binary,
    clinical_use_definition,
    code_system,
    composition,
    concept_map,
    document_reference,
    implementation_guide,
    library,
    medication,
    medication_knowledge,
    operation_definition,
    organization,
    plan_definition,
    provenance,
    questionnaire,
    search_parameter,
    structure_definition,
    value_set,
)
from .context import Context, FhirRelease, TopicContext
from .datatypes import Resource

__all__ = [
    "COMMON_BUILDERS",
    "TOPIC_BUILDERS",
    "build_common",
    "build_drafts",
    "build_examples",
    "build_guide",
    "build_topic",
]

# One resource for each text of the context.
TEXT_BUILDERS: tuple[Callable[[TopicContext], Iterable[Resource]], ...] = (
    composition.build,
    document_reference.build,
    binary.build,
)

TOPIC_BUILDERS: tuple[Callable[[TopicContext], Iterable[Resource]], ...] = (
    *TEXT_BUILDERS,
    document_reference.build_source_page,
    medication_knowledge.build,
    medication.build,
    clinical_use_definition.build,
    plan_definition.build,
    activity_definition.build,
    questionnaire.build,
    code_system.build,
    value_set.build,
    concept_map.build,
    structure_definition.build,
    provenance.build,
)

COMMON_BUILDERS: tuple[Callable[[Context], Iterable[Resource]], ...] = (
    organization.build_common,
    structure_definition.build_common,
    search_parameter.build_common,
    operation_definition.build_common,
    code_system.build_common,
    value_set.build_common,
)


def build_topic(topic: Topic, publisher: Publisher, release: FhirRelease) -> list[Resource]:
    """Every resource of a topic; the attribution and the index come last, as they name the others."""
    context = TopicContext(publisher, release, topic)
    resources = [resource for build in TOPIC_BUILDERS for resource in build(context)]
    resources.append(provenance.build_source(context, resources))
    resources.append(library.build_index(context, resources))
    return resources


def build_common(publisher: Publisher, release: FhirRelease) -> list[Resource]:
    """What all topics share in one release."""
    context = Context(publisher, release)
    return [resource for build in COMMON_BUILDERS for resource in build(context)]


def build_examples(topic: Topic, publisher: Publisher, release: FhirRelease) -> list[Resource]:
    """What goes into a package as an example of a topic, and nowhere else."""
    return list(adverse_event.build_examples(TopicContext(publisher, release, topic)))


def build_drafts(topic: Topic, publisher: Publisher, release: FhirRelease) -> list[Resource]:
    """The translations that nobody has reviewed. They refer to the rest of the topic, and nothing to them."""
    context = TopicContext(publisher, release, topic, of_drafts=True)
    return [resource for build in TEXT_BUILDERS for resource in build(context)]


def build_guide(
    publisher: Publisher, release: FhirRelease, resources: Iterable[Resource], examples: Iterable[Resource]
) -> Resource:
    """The ImplementationGuide, which is built last: it lists all other resources of the release."""
    return implementation_guide.build_guide(Context(publisher, release), resources, examples)
