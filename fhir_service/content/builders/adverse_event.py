"""AdverseEvent: one example of our profile, about a child who does not exist; for the packages alone.

https://hl7.org/fhir/R4/adverseevent.html

Never loaded and never served: AdverseEvent records what happened to one person.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..narrative import paragraph
from ..topic import Product, Symptom
from .artifact import finished, head
from .context import TopicContext
from .datatypes import Element, Resource, codeable_concept, reference
from .medication import medication_reference

_NOBODY = "An example: this child does not exist."
_TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}


def build_examples(context: TopicContext) -> Iterable[Resource]:
    product, symptom = context.topic.product, _symptom(context)
    if product and symptom:
        yield _patient(context)
        yield _adverse_event(context, product, symptom)


def _symptom(context: TopicContext) -> Symptom | None:
    """The first side effect that has a code of its own."""
    symptoms = {symptom.id: symptom for symptom in context.topic.symptoms}
    listed = (symptoms[effect.symptom] for effect in context.topic.side_effects)
    return next((symptom for symptom in listed if symptom.equivalent), None)


def _patient(context: TopicContext) -> Resource:
    patient = _example(context, "Patient", "example-child")
    return finished(context, patient, [paragraph(_NOBODY)])


def _adverse_event(context: TopicContext, product: Product, symptom: Symptom) -> Resource:
    event = _example(context, "AdverseEvent", "example-adverse-event")
    event["meta"]["profile"] = [context.canonical("StructureDefinition", context.id("adverse-event"))]
    code = codeable_concept(symptom.text, [symptom.equivalent] if symptom.equivalent else [])
    event |= {"status": "completed"} if context.is_r5 else {}
    event |= {"actuality": "actual", "code" if context.is_r5 else "event": code}
    event["subject"] = reference("Patient", context.id("example-child"))
    instance = "instanceReference" if context.is_r5 else "instance"
    event["suspectEntity"] = [{instance: medication_reference(product)}]
    return finished(context, event, [paragraph(_NOBODY), paragraph(f"{product.name}: {symptom.text}")])


def _example(context: TopicContext, resource_type: str, suffix: str) -> Element:
    return head(context, resource_type, context.id(suffix)) | {"meta": {"tag": [_TEST_DATA]}}
