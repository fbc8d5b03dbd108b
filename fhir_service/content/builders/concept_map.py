"""ConceptMap: the topic's own concepts to standard codes, one map for each code system.

https://hl7.org/fhir/R4/conceptmap.html and https://hl7.org/fhir/R5/conceptmap.html

R4 and R4B say how the target relates to the source (equivalence); R5 says how the source relates to the
target (relationship), in other words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..narrative import bullets, paragraph
from ..topic import Mapping, Relation
from .artifact import derived_from, finished, mark_derived, topic_metadata
from .context import TopicContext
from .datatypes import Element, Resource

RELATIONSHIP: dict[Relation, str] = {
    "equivalent": "equivalent",
    "wider": "source-is-narrower-than-target",
    "narrower": "source-is-broader-than-target",
    "inexact": "related-to",
    "relatedto": "related-to",
}
_IN_WORDS: dict[str, str] = {
    "equivalent": "means the same as",
    "wider": "is narrower than",
    "narrower": "is wider than",
    "inexact": "overlaps with",
    "relatedto": "is related to",
}


def build(context: TopicContext) -> Iterable[Resource]:
    rows = list(_rows(context))
    for system in context.publisher.code_systems:
        in_system = [row for row in rows if row[2].coding.system == system.url]
        if in_system:
            yield _concept_map(context, system.alias, system.title, in_system)


Row = tuple[str, str, Mapping]


def _rows(context: TopicContext) -> Iterator[Row]:
    """(our code, our words, mapping) of everything in the topic that has one, in the order of the page."""
    topic = context.topic
    general = (topic.any_side_effect,) if topic.any_side_effect else ()
    for concept in (*general, *topic.groups, *topic.symptoms, *topic.terms):
        for mapping in concept.maps:
            yield concept.id, concept.text, mapping


def _concept_map(context: TopicContext, alias: str, system_title: str, rows: list[Row]) -> Resource:
    topic = context.topic
    resource = topic_metadata(
        context,
        "ConceptMap",
        context.id(f"cm-{alias}"),
        title=f"{topic.short_title} to {system_title} (derived from the page “{topic.source.title}”)",
        description=f"How the concepts of “{topic.title}” relate to codes of {system_title}.",
    )
    mark_derived(context, resource)
    if context.is_r5:
        resource["relatedArtifact"] = [derived_from(context)]
    group = {
        "source": context.code_system,
        "target": rows[0][2].coding.system,
        "element": _elements(context, rows),
    }
    resource["group"] = [group]
    said = [f"{text} {_IN_WORDS[m.relation]} {m.coding.display or m.coding.code}" for _, text, m in rows]
    return finished(context, resource, [paragraph(resource["title"]), bullets(said)])


def _elements(context: TopicContext, rows: list[Row]) -> list[Element]:
    elements: dict[str, Element] = {}
    for code, text, mapping in rows:
        element = elements.setdefault(code, {"code": code, "display": text, "target": []})
        element["target"].append(_target(context, mapping))
    return list(elements.values())


def _target(context: TopicContext, mapping: Mapping) -> Element:
    target: Element = {"code": mapping.coding.code}
    if mapping.coding.display:
        target["display"] = mapping.coding.display
    if context.is_r5:
        target["relationship"] = RELATIONSHIP[mapping.relation]
    else:
        target["equivalence"] = mapping.relation
    if mapping.comment:
        target["comment"] = mapping.comment
    return target
