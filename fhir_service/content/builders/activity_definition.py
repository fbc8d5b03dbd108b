"""ActivityDefinition: a premedication example as a proposed MedicationRequest, without dose, route or time.

https://hl7.org/fhir/R4/activitydefinition.html
"""

from __future__ import annotations

from collections.abc import Iterable

from ..narrative import paragraph
from ..topic import Premedication
from .artifact import derived_from, finished, mark_derived, topic_metadata, topics, use_contexts
from .context import TopicContext
from .datatypes import Resource, codeable_concept


def build(context: TopicContext) -> Iterable[Resource]:
    for medicine in context.topic.premedications:
        yield _premedication(context, medicine)


def premedication_id(context: TopicContext, medicine: Premedication) -> str:
    return context.id(f"{medicine.id}-premed")


def _premedication(context: TopicContext, medicine: Premedication) -> Resource:
    product = context.topic.product
    name = medicine.text[:1].upper() + medicine.text[1:]
    before = f" before {product.short_name}" if product else " before the treatment"
    resource = topic_metadata(
        context,
        "ActivityDefinition",
        premedication_id(context, medicine),
        title=f"{name}{before} (derived from the page “{context.topic.source.title}”)",
        description=f"{name} is one example that the page names of a medicine given{before}. The page "
        "gives no dose, route or time, so there is none here.",
    )
    mark_derived(context, resource)
    resource |= {
        "useContext": use_contexts(context),
        "topic": topics(),
        "relatedArtifact": [derived_from(context)],
        "kind": "MedicationRequest",
        "intent": "proposal",
        "productCodeableConcept": codeable_concept(medicine.text, medicine.codings),
    }
    blocks = [paragraph(resource["title"]), paragraph(resource["description"])]
    return finished(context, resource, blocks)
