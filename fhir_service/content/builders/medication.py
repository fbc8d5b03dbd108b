"""Medication: the product and the premedication examples; a ClinicalUseDefinition's subject points here.

https://hl7.org/fhir/R4/medication.html
"""

from __future__ import annotations

from collections.abc import Iterable

from ..narrative import labelled, paragraph
from ..topic import Premedication, Product
from .artifact import absence, finished, head
from .context import TopicContext
from .datatypes import Element, Resource, codeable_concept, concept_of, reference


def build(context: TopicContext) -> Iterable[Resource]:
    if context.topic.product:
        yield _product(context, context.topic.product)
    for medicine in context.topic.premedications:
        yield _premedication(context, medicine)


def medication_reference(product: Product) -> Element:
    return reference("Medication", product.id, product.name)


def _product(context: TopicContext, product: Product) -> Resource:
    medication = _medication(context, product.id, codeable_concept(product.name, product.codings))
    substance = concept_of(product.ingredient)
    item = {"item": {"concept": substance}} if context.is_r5 else {"itemCodeableConcept": substance}
    medication["ingredient"] = [item | {"isActive": True}]
    if context.is_r5:
        medication["definition"] = reference("MedicationKnowledge", product.id)
    said = [paragraph(medication["code"]["text"]), labelled("Active ingredient", product.ingredient.text)]
    return finished(context, medication, [*said, absence(context)])


def _premedication(context: TopicContext, medicine: Premedication) -> Resource:
    code = codeable_concept(medicine.text, medicine.codings)
    medication = _medication(context, context.id(medicine.id), code)
    return finished(context, medication, [paragraph(code["text"]), absence(context)])


def _medication(context: TopicContext, resource_id: str, code: Element) -> Resource:
    """medication-status has neither draft nor retired: then the status stays out."""
    medication = head(context, "Medication", resource_id) | {"code": code}
    return medication | {"status": "active"} if context.in_use else medication
