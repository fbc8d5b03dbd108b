"""Orders of every release: what was ordered, how it goes in, and whether it counts.

https://hl7.org/fhir/R5/medicationrequest.html and https://hl7.org/fhir/DSTU2/medicationorder.html

    R4, R4B, STU3   medicationCodeableConcept | medicationReference
    R5              medication.concept | medication.reference
    DSTU2           MedicationOrder, as R4
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fhir_service.context import Asked
from fhir_service.delivery.cds_hooks.calls import Call
from fhir_service.delivery.cds_hooks.resources import (
    Resource,
    addresses,
    by_address,
    code_of,
    concept,
    display_of,
    is_about,
    is_empty,
    joined,
    objects,
    resolved,
    spoken,
    target,
    text_of,
)
from fhir_service.delivery.cds_hooks.supplied import Entry

Shape = Literal["r4", "r5"]
"""In which form a client writes its orders."""

# Where the thing that is ordered or was given stands, by resource type.
_ELEMENTS = {
    "MedicationRequest": "medication",
    "MedicationOrder": "medication",
    "MedicationAdministration": "medication",
    "MedicationDispense": "medication",
    "MedicationStatement": "medication",
    "ServiceRequest": "code",
    "ProcedureRequest": "code",
}
_VOID = frozenset(
    ("cancelled", "stopped", "entered-in-error", "revoked", "inactive", "rejected", "aborted", "declined")
    + ("not-done", "not-taken", "suspended")
)
_OVER = frozenset(("completed", "ended"))
_REFUSALS = ("doNotPerform", "notGiven", "wasNotGiven", "notDone", "wasNotTaken")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of the patient; what a request of it does not say is empty."""

    addresses: frozenset[str]
    """what `selections` may call it"""
    asked: Asked
    """what is ordered, with all that its medication tells"""
    routes: tuple[Asked, ...]
    directions: tuple[str, ...]
    """where no route is told in a field of its own: the words of the dosages and of the dose form"""
    encounter_id: str | None
    is_over: bool
    """it was carried out, or ran out"""
    is_refusal: bool
    """it says that something is not to be done"""
    shape: Shape | None
    """None: a release that has no MedicationRequest, or one that the order does not tell"""


def read_orders(entries: Iterable[Entry], call: Call) -> Iterator[Order]:
    """The orders for the patient of the call, without those that were withdrawn."""
    entries = tuple(entries)
    medications = by_address(entry for entry in entries if entry.resource["resourceType"] == "Medication")
    for entry in entries:
        resource = entry.resource
        element = _ELEMENTS.get(resource["resourceType"])
        status = code_of(resource.get("status"))
        if element is None or status in _VOID or not is_about(resource, call.patient_id):
            continue
        routes = tuple(_routes(resource))
        encounter = target(resource.get("encounter")) or target(resource.get("context"))
        yield Order(
            addresses=frozenset((*addresses(entry), text_of(resource.get("id")))),
            asked=joined(_asked(resource, element, medications)),
            routes=routes,
            directions=() if routes else tuple(_directions(resource, element, medications)),
            encounter_id=encounter[1] if encounter and encounter[0] == "Encounter" else None,
            is_over=status in _OVER,
            is_refusal=any(resource.get(name) is True for name in _REFUSALS),
            shape=_shape(resource, element),
        )


def _asked(resource: Resource, element: str, medications: Mapping[str, Resource]) -> Iterator[Asked]:
    for name in (f"{element}CodeableConcept", element):
        yield concept(resource.get(name))
    for reference, medication in _references(resource, element, medications):
        if medication is not None:
            yield concept(medication.get("code"))
            for ingredient in objects(medication.get("ingredient", [])):
                yield concept(ingredient.get("itemCodeableConcept"))
                yield concept(ingredient.get("item"))
        shown = display_of(reference)
        if shown:
            yield Asked(words=(shown,))


def _references(
    resource: Resource, element: str, medications: Mapping[str, Resource]
) -> Iterator[tuple[Any, Resource | None]]:
    """What may be a reference to a medication, and that medication where it was sent."""
    for name in (f"{element}Reference", element):
        reference = resource.get(name)
        yield reference, resolved(reference, resource, medications)


def _routes(resource: Resource) -> Iterator[Asked]:
    for name in ("dosageInstruction", "dosage"):
        for dosage in objects(resource.get(name, [])):
            route = concept(dosage.get("route"))
            if not is_empty(route):
                yield route


def _directions(resource: Resource, element: str, medications: Mapping[str, Resource]) -> Iterator[str]:
    told = [text_of(resource.get("renderedDosageInstruction"))]
    for name in ("dosageInstruction", "dosage"):
        for dosage in objects(resource.get(name, [])):
            told += [text_of(dosage.get("text")), text_of(dosage.get("patientInstruction"))]
    for _, medication in _references(resource, element, medications):
        for name in ("form", "doseForm"):
            told += spoken(concept(medication.get(name))) if medication else ()
    yield from filter(None, told)


def _shape(resource: Resource, element: str) -> Shape | None:
    if resource["resourceType"] in ("MedicationOrder", "ProcedureRequest"):
        return None
    if isinstance(resource.get(element), dict):
        concept_or_reference = resource[element]
        if "concept" in concept_or_reference or isinstance(concept_or_reference.get("reference"), dict):
            return "r5"
        return None if element == "medication" else "r4"
    return "r4" if f"{element}CodeableConcept" in resource or f"{element}Reference" in resource else None
