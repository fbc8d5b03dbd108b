"""Provenance: who wrote the resources and from what, and when the source page was reviewed by others.

https://hl7.org/fhir/R4/provenance.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..narrative import labelled, paragraph
from .artifact import finished, head, source_citation
from .context import TopicContext
from .datatypes import Element, Resource, reference
from .document_reference import source_page_id
from .organization import publisher_reference

PARTICIPANT_TYPE = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def build_source(context: TopicContext, others: Sequence[Resource]) -> Resource:
    """Attribution of everything in the topic to the publisher and to the page that it rests on."""
    agents = [
        {"type": _agent_type("author", "Author"), "who": publisher_reference(context)},
        {
            "type": _agent_type("assembler", "Assembler"),
            "who": {"display": "FHIR content service (software)"},
        },
    ]
    resource = head(context, "Provenance", context.id("prov-source")) | {
        "target": [
            *(reference(other["resourceType"], other["id"]) for other in others),
            reference("Library", context.id("library"), context.topic.title),
        ],
        "recorded": _recorded(context),
        "agent": agents,
        "entity": [{"role": "source", "what": _source_page(context)}],
    }
    blocks = [
        paragraph(f"Written by {context.publisher.name}, assembled by software."),
        labelled("Source", source_citation(context)),
    ]
    return finished(context, resource, blocks)


def build(context: TopicContext) -> Iterable[Resource]:
    """The source page's own review; its month is all that the page says of it."""
    source = context.topic.source
    resource = head(context, "Provenance", context.id("prov-review")) | {
        "target": [_source_page(context)],
        "occurredDateTime": source.reviewed,
        "recorded": _recorded(context),
        "activity": {"text": "Reviewed"},
        "agent": [{"who": {"display": f"Not named on the page of {source.site}"}}],
    }
    yield finished(
        context, resource, [paragraph(f"The source page was reviewed: {source_citation(context)}")]
    )


def _agent_type(code: str, display: str) -> Element:
    return {"coding": [{"system": PARTICIPANT_TYPE, "code": code, "display": display}]}


def _source_page(context: TopicContext) -> Element:
    return reference("DocumentReference", source_page_id(context), context.topic.source.title)


def _recorded(context: TopicContext) -> str:
    return f"{context.topic.released}T00:00:00Z"
