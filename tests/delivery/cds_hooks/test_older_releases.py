"""Orders as DSTU2 and STU3 clients write them, and R5's references within references."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.delivery.cds_hooks.calls import PATIENT_ID, SYSTEMS, call

IVIG = {"coding": [{"system": SYSTEMS["rxnorm"], "code": "5666"}]}
UNDER_THE_SKIN = {"text": "Solution for subcutaneous injection"}
SUBJECT = {"reference": f"Patient/{PATIENT_ID}"}
SAID = {"service": "order-sign", "age": 7, "conditions": [{"code": "snomed 32273002"}]}

COUNT: dict[str, dict[str, Any]] = {
    "a MedicationOrder of DSTU2": {
        "resourceType": "MedicationOrder",
        "patient": SUBJECT,
        "medicationCodeableConcept": IVIG,
    },
    "a ProcedureRequest of STU3": {
        "resourceType": "ProcedureRequest",
        "subject": SUBJECT,
        "code": {"text": "IVIG infusion"},
    },
    "a ServiceRequest of R4": {"resourceType": "ServiceRequest", "subject": SUBJECT, "code": IVIG},
    "a ServiceRequest of R5": {"resourceType": "ServiceRequest", "code": {"concept": IVIG}},
    "a reference that says what it is to": {
        "resourceType": "MedicationRequest",
        "medicationReference": {"reference": "Medication/elsewhere", "display": "IVIG 10 %"},
    },
    "a reference of R5 that says what it is to": {
        "resourceType": "MedicationRequest",
        "medication": {"reference": {"reference": "Medication/elsewhere", "display": "IVIG 10 %"}},
    },
    "an ingredient of a contained medication": {
        "resourceType": "MedicationRequest",
        "contained": [
            {"resourceType": "Medication", "id": "m", "ingredient": [{"itemCodeableConcept": IVIG}]}
        ],
        "medicationReference": {"reference": "#m"},
    },
    "an ingredient in R5": {
        "resourceType": "MedicationRequest",
        "contained": [{"resourceType": "Medication", "id": "m", "ingredient": [{"item": {"concept": IVIG}}]}],
        "medication": {"reference": {"reference": "#m"}},
    },
}
DO_NOT_COUNT: dict[str, dict[str, Any]] = {
    "a diet": {"resourceType": "NutritionOrder", "oralDiet": {"type": [IVIG]}},
    "a subcutaneous product by a code of the ingredient": {
        "resourceType": "MedicationRequest",
        "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": "subcutaneous"}}],
        "medicationReference": {"reference": "#m"},
        "medicationCodeableConcept": IVIG,
    },
    "a form for subcutaneous use in R4": {
        "resourceType": "MedicationRequest",
        "contained": [{"resourceType": "Medication", "id": "m", "code": IVIG, "form": UNDER_THE_SKIN}],
        "medicationReference": {"reference": "#m"},
    },
    "a form for subcutaneous use in R5": {
        "resourceType": "MedicationRequest",
        "contained": [{"resourceType": "Medication", "id": "m", "code": IVIG, "doseForm": UNDER_THE_SKIN}],
        "medication": {"reference": {"reference": "#m"}},
    },
    "what was not given": {
        "resourceType": "MedicationAdministration",
        "wasNotGiven": True,
        "medicationCodeableConcept": IVIG,
    },
    "a reference to nothing": {
        "resourceType": "MedicationRequest",
        "medicationReference": {"reference": "Medication/elsewhere"},
    },
}


def cards(door: FlaskClient, resource: dict[str, Any], **said: Any) -> list[Any]:
    body = call({**SAID, "resources": [resource], **said})
    found: list[Any] = door.post("/cds-services/education-order-sign", json=body).get_json()["cards"]
    return found


@pytest.mark.parametrize("what", COUNT)
def test_it_counts(door: FlaskClient, what: str) -> None:
    assert len(cards(door, COUNT[what])) == 1


@pytest.mark.parametrize("what", DO_NOT_COUNT)
def test_it_does_not_count(door: FlaskClient, what: str) -> None:
    assert cards(door, DO_NOT_COUNT[what]) == []


def test_a_release_without_medication_requests_gets_no_draft_of_one(suggesting: FlaskClient) -> None:
    for what in ("a MedicationOrder of DSTU2", "a ProcedureRequest of STU3"):
        (card,) = cards(suggesting, COUNT[what], medications=[], allergies=[])
        assert "suggestions" not in card


@pytest.mark.parametrize(
    ("what", "element"),
    [("a ServiceRequest of R4", "medicationCodeableConcept"), ("a ServiceRequest of R5", "medication")],
)
def test_a_draft_has_the_form_of_the_order_beside_it(
    suggesting: FlaskClient, what: str, element: str
) -> None:
    (card,) = cards(suggesting, COUNT[what], medications=[], allergies=[])
    assert all(element in one["actions"][0]["resource"] for one in card["suggestions"])


def test_a_clinical_status_may_be_a_code(door: FlaskClient) -> None:
    body = call({"service": "patient-view", "age": 7, "medications": [], "conditions": [{"text": "ITP"}]})
    condition = body["prefetch"]["conditions"]["entry"][0]["resource"]
    for status, expected in (("active", 1), ("resolved", 0)):
        condition["clinicalStatus"] = status
        answer = door.post("/cds-services/education-patient-view", json=body)
        assert len(answer.get_json()["cards"]) == expected
