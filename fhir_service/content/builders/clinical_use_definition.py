"""ClinicalUseDefinition: possible side effects, indications and warnings; in R4 the types it replaced.

https://hl7.org/fhir/R5/clinicalusedefinition.html
https://hl7.org/fhir/R4/medicinalproductundesirableeffect.html
https://hl7.org/fhir/R4/medicinalproductindication.html

One resource for each symptom and onset window: the same symptom in two windows is two resources, never
merged. How often an effect happens is not in the page, so frequencyOfOccurrence stays empty. R4 has no type
for a warning.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..narrative import bullets, labelled, paragraph
from ..publisher import OnsetWindow
from ..topic import Indication, Product, SideEffect, Symptom, Warning
from .artifact import absence, finished, head
from .code_system import window_coding
from .context import Context, TopicContext
from .datatypes import Element, Resource, codeable_concept, coding, concept_of
from .medication import medication_reference
from .structure_definition import DELAY, ONSET_ID, QUALIFIER, REACTION_PART_ID, WINDOW

PUBLICATION_STATUS = "http://hl7.org/fhir/publication-status"


def build(context: TopicContext) -> Iterable[Resource]:
    topic, product = context.topic, context.topic.product
    if product is None:
        return
    for resource_id, indication in zip(context.indication_ids(product), topic.indications, strict=True):
        yield _indication(context, product, resource_id, indication)
    for resource_id, effect in zip(context.effect_ids(product), topic.side_effects, strict=True):
        yield _side_effect(context, product, resource_id, effect)
    for resource_id, warning in zip(context.warning_ids(product), topic.warnings, strict=False):
        yield _warning(context, product, resource_id, warning)


# --- indications ----------------------------------------------------------------------------------------


def _indication(
    context: TopicContext, product: Product, resource_id: str, indication: Indication
) -> Resource:
    parts = {"diseaseSymptomProcedure": indication.disease, "diseaseStatus": indication.status}
    if indication.intended_effect:
        parts["intendedEffect"] = indication.intended_effect
    concepts = {name: concept_of(value) for name, value in parts.items()}
    if context.is_r4:
        resource = _subject(head(context, context.indication_type, resource_id), product) | concepts
    else:
        resource = _use_definition(context, product, resource_id, "indication")
        resource["indication"] = {name: {"concept": concept} for name, concept in concepts.items()}
    blocks = [paragraph(f"{product.short_name}: when it might be given."), paragraph(indication.text)]
    blocks += [labelled("For", indication.disease.text), labelled("With", indication.status.text)]
    if indication.intended_effect:
        blocks.append(labelled("What it is meant to do", indication.intended_effect.text))
    return finished(context, resource, [*blocks, absence(context)])


# --- side effects ---------------------------------------------------------------------------------------


def _side_effect(context: TopicContext, product: Product, resource_id: str, effect: SideEffect) -> Resource:
    topic = context.topic
    parts = [topic.symptom(part) for part in effect.parts]
    extensions = [_onset(context, context.publisher.window(effect.window), effect.text)]
    extensions += [_reaction_part(context, part) for part in parts]
    symptom = symptom_concept(context, topic.symptom(effect.symptom))
    if context.is_r4:
        resource = head(context, context.effect_type, resource_id)
        resource["extension"] = extensions
        resource = _subject(resource, product) | {"symptomConditionEffect": symptom}
    else:
        resource = _use_definition(context, product, resource_id, "undesirable-effect")
        resource["undesirableEffect"] = {
            "extension": extensions,
            "symptomConditionEffect": {"concept": symptom},
        }
    blocks = [paragraph(f"A possible side effect of {product.short_name}."), paragraph(effect.text)]
    if parts:
        blocks += [paragraph("With:"), bullets(part.text for part in parts)]
    return finished(context, resource, [*blocks, absence(context)])


def symptom_concept(context: TopicContext, symptom: Symptom) -> Element:
    """SNOMED CT first, our own code second, the words of a patient as text."""
    local = {"system": context.code_system, "code": symptom.id, "display": symptom.text}
    return {"coding": [*(coding(value) for value in symptom.codings), local], "text": symptom.text}


def _onset(context: Context, window: OnsetWindow, words: str) -> Element:
    """When it can start. `can` and `usually` stay in the words; a delay is a Quantity with its comparator."""
    value = {"coding": [window_coding(context, window.id)], "text": words}
    parts: list[Element] = [{"url": WINDOW, "valueCodeableConcept": value}]
    if window.delay:
        delay = window.delay
        quantity = {
            "value": delay.value,
            "comparator": delay.comparator,
            "unit": delay.unit,
            "system": "http://unitsofmeasure.org",
            "code": delay.code,
        }
        parts += [
            {"url": QUALIFIER, "valueString": delay.qualifier},
            {"url": DELAY, "valueQuantity": quantity},
        ]
    return {"url": context.canonical("StructureDefinition", ONSET_ID), "extension": parts}


def _reaction_part(context: TopicContext, part: Symptom) -> Element:
    url = context.canonical("StructureDefinition", REACTION_PART_ID)
    return {"url": url, "valueCodeableConcept": symptom_concept(context, part)}


# --- warnings -------------------------------------------------------------------------------------------


def _warning(context: TopicContext, product: Product, resource_id: str, warning: Warning) -> Resource:
    resource = _use_definition(context, product, resource_id, "warning")
    code = codeable_concept(warning.title)
    if warning.code:
        code["coding"] = [{"system": context.code_system, "code": warning.code, "display": warning.title}]
    resource["warning"] = {"description": warning.text, "code": code}
    return finished(context, resource, [paragraph(warning.title), paragraph(warning.text), absence(context)])


def _use_definition(context: TopicContext, product: Product, resource_id: str, kind: str) -> Resource:
    resource = head(context, "ClinicalUseDefinition", resource_id) | {"type": kind}
    status = {"system": PUBLICATION_STATUS, "code": context.status, "display": context.status.capitalize()}
    return _subject(resource, product) | {"status": {"coding": [status]}}


def _subject(resource: Resource, product: Product) -> Resource:
    return resource | {"subject": [medication_reference(product)]}
