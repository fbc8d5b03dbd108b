"""MedicationKnowledge: what the page says about the product itself.

https://hl7.org/fhir/R4/medicationknowledge.html and https://hl7.org/fhir/R5/medicationknowledge.html

R4 and R4B have the same elements; R5 moved half of them into indicationGuideline and definitional. How the
product is given is words alone: the page has no dose, and so there is none here.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..narrative import bullets, labelled, paragraph
from ..topic import Product
from .artifact import absence, finished, head
from .context import TopicContext
from .datatypes import Element, Resource, codeable_concept, concept_of, reference
from .organization import publisher_reference

_EDUCATION = {"text": "Patient education"}
_HOW_GIVEN = {"text": "How it is given"}
_AGE_GROUP = {"text": "Age group"}


def build(context: TopicContext) -> Iterable[Resource]:
    product = context.topic.product
    if product is None:
        return
    knowledge = head(context, "MedicationKnowledge", product.id)
    if context.is_r5:
        url = context.canonical("MedicationKnowledge", product.id)
        knowledge["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": url}]
    knowledge["code"] = codeable_concept(product.name, product.codings)
    if context.in_use:  # medicationknowledge-status has neither draft nor retired
        knowledge["status"] = "active"
    knowledge |= _r5(context, product) if context.is_r5 else _r4(context, product)
    yield finished(context, knowledge, [*_blocks(context, product), absence(context)])


def _r4(context: TopicContext, product: Product) -> Resource:
    parts: Resource = {
        "synonym": list(product.synonyms),
        "associatedMedication": [reference("Medication", product.id)],
        "monograph": _monographs(context),
        "ingredient": [{"itemCodeableConcept": concept_of(product.ingredient), "isActive": True}],
        "intendedRoute": [concept_of(product.route)],
        "administrationGuidelines": _administration_guidelines(context, product),
        "medicineClassification": _classification(context, product),
        "drugCharacteristic": _characteristics(product),
    }
    return {name: value for name, value in parts.items() if value}


def _r5(context: TopicContext, product: Product) -> Resource:
    issues = [
        reference("ClinicalUseDefinition", i)
        for i in context.effect_ids(product) + context.warning_ids(product)
    ]
    definitional = {
        "intendedRoute": [concept_of(product.route)],
        "ingredient": [{"item": {"concept": concept_of(product.ingredient)}}],
        "drugCharacteristic": _characteristics(product),
    }
    parts: Resource = {
        "author": publisher_reference(context),
        "name": list(product.synonyms),
        "associatedMedication": [reference("Medication", product.id)],
        "monograph": _monographs(context),
        "indicationGuideline": _indication_guidelines(context, product),
        "medicineClassification": _classification(context, product),
        "clinicalUseIssue": issues,
        "definitional": {name: value for name, value in definitional.items() if value},
    }
    return {name: value for name, value in parts.items() if value}


def _administration_guidelines(context: TopicContext, product: Product) -> list[Element]:
    """R4, R4B: one for each indication, which is a concept here and has its words as text."""
    common = _dosage(product)
    if product.population:
        characteristic = {"characteristicCodeableConcept": concept_of(product.population)}
        common["patientCharacteristics"] = [characteristic]
    return [
        common | {"indicationCodeableConcept": codeable_concept(item.text, item.disease.codings)}
        for item in context.topic.indications
    ]


def _indication_guidelines(context: TopicContext, product: Product) -> list[Element]:
    """R5: each indication is a reference to its ClinicalUseDefinition."""
    dosing = _dosage(product)
    if product.population:
        population = {"type": _AGE_GROUP, "valueCodeableConcept": concept_of(product.population)}
        dosing["patientCharacteristic"] = [population]
    guideline: Element = {"dosingGuideline": [dosing]} if dosing else {}
    return [
        {"indication": [{"reference": reference("ClinicalUseDefinition", i)}]} | guideline
        for i in context.indication_ids(product)
    ]


def _dosage(product: Product) -> Element:
    """Words only: a Dosage with anything but `text` would say more than the page."""
    if product.administration is None:
        return {}
    return {"dosage": [{"type": _HOW_GIVEN, "dosage": [{"text": product.administration.text}]}]}


def _monographs(context: TopicContext) -> list[Element]:
    return [
        {"type": _EDUCATION, "source": reference("DocumentReference", context.education_id(text), text.title)}
        for text in context.texts
    ]


def _classification(context: TopicContext, product: Product) -> list[Element]:
    """The class, under the name of the classification it comes from (ATC, for instance)."""
    if product.classification is None:
        return []
    used = {coding.system for coding in product.classification.codings}
    names = [system.title for system in context.publisher.code_systems if system.url in used]
    kind = {"text": ", ".join(names) or "Class"}
    return [{"type": kind, "classification": [concept_of(product.classification)]}]


def _characteristics(product: Product) -> list[Element]:
    if product.appearance is None:
        return []
    value = {"valueString": product.appearance.text}
    return [{"type": {"text": "Appearance"}} | value]


def _blocks(context: TopicContext, product: Product) -> list[str]:
    blocks = [paragraph(product.name), labelled("Also called", ", ".join(product.synonyms))]
    if product.appearance:
        blocks.append(labelled("Looks like", product.appearance.text))
    blocks.append(labelled("Active ingredient", product.ingredient.text))
    blocks.append(labelled("Route", product.route.text))
    if product.administration:
        blocks.append(labelled(_HOW_GIVEN["text"], product.administration.text))
    if context.topic.indications:
        blocks += [
            paragraph("When it might be given:"),
            bullets(item.text for item in context.topic.indications),
        ]
    return blocks
