"""An example call of each CDS service, about a child who does not exist.

https://cds-hooks.hl7.org/2.0/#calling-a-cds-service

The record holds what a card of the topic depends on: an active condition and an order, both with the topic's
own codes. The order has no dose, as nothing here has.
"""

from __future__ import annotations

import json
from typing import Any

from fhir_service.content.topic import CodedText, Topic
from fhir_service.delivery.cds_hooks.services import (
    ALLERGIES,
    CONDITIONS,
    MEDICATIONS,
    PATIENT,
    Service,
)

Json = dict[str, Any]

PATIENT_ID, ENCOUNTER_ID, ORDER_ID = "example", "example", "example-order"
_INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
_YEARS = 6


def example_call(service: Service, topic: Topic) -> str:
    """The body of a call that the service answers for the topic."""
    subject = {"reference": f"Patient/{PATIENT_ID}"}
    record = {
        PATIENT: _patient(topic),
        CONDITIONS: _bundle(_conditions(topic, subject)),
        MEDICATIONS: _bundle(_orders(topic, subject, "active")),
        ALLERGIES: _bundle([]),
    }
    context: Json = {"userId": "Practitioner/example", "patientId": PATIENT_ID}
    if service.ordered == "encounter":
        context["encounterId"] = ENCOUNTER_ID
    if service.has_drafts:
        context["draftOrders"] = _bundle(_orders(topic, subject, "draft"))
    if service.ordered == "selected":
        context["selections"] = [f"MedicationRequest/{ORDER_ID}"]
    call = {
        "hook": service.hook,
        "hookInstance": _INSTANCE,
        "context": context,
        "prefetch": {key: record[key] for key in service.prefetch(suggestions=False)},
    }
    return json.dumps(call, indent=2, ensure_ascii=False)


def _patient(topic: Topic) -> Json:
    """A child by the topic's own clock."""
    year = int(topic.released[:4]) - _YEARS
    return {"resourceType": "Patient", "id": PATIENT_ID, "birthDate": f"{year}-01-01"}


def _conditions(topic: Topic, subject: Json) -> list[Json]:
    diseases = {disease.text: disease for disease in (one.disease for one in topic.indications)}
    active = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]
    }
    return [
        {
            "resourceType": "Condition",
            "clinicalStatus": active,
            "code": _concept(disease),
            "subject": subject,
        }
        for disease in diseases.values()
    ]


def _orders(topic: Topic, subject: Json, status: str) -> list[Json]:
    if topic.product is None:
        return []
    medication = CodedText(text=topic.product.name, codings=topic.product.codings[:1])
    return [
        {
            "resourceType": "MedicationRequest",
            "id": ORDER_ID,
            "status": status,
            "intent": "order",
            "medicationCodeableConcept": _concept(medication),
            "subject": subject,
            "encounter": {"reference": f"Encounter/{ENCOUNTER_ID}"},
        }
    ]


def _concept(coded: CodedText) -> Json:
    codings = [{"system": one.system, "code": one.code} for one in coded.codings]
    return {"coding": codings, "text": coded.text}


def _bundle(resources: list[Json]) -> Json:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}
