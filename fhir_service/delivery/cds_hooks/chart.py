"""The patient, the conditions and the allergies that a client sent.

https://hl7.org/fhir/R5/condition.html, https://hl7.org/fhir/R5/allergyintolerance.html and
https://hl7.org/fhir/R5/patient.html
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fhir_service.age import Age, age_at
from fhir_service.context import Asked
from fhir_service.delivery.cds_hooks.calls import Call
from fhir_service.delivery.cds_hooks.resources import (
    Resource,
    code_of,
    concept,
    is_about,
    joined,
    objects,
    text_of,
)
from fhir_service.delivery.cds_hooks.supplied import Entry
from fhir_service.delivery.languages import is_language_tag

# The kinds of active: https://hl7.org/fhir/R4/valueset-condition-clinical.html
_ACTIVE = frozenset(("active", "recurrence", "relapse"))
_DENIED = frozenset(("refuted", "entered-in-error"))
_ABATED = ("abatementDateTime", "abatementAge", "abatementPeriod", "abatementRange", "abatementString")


@dataclass(frozen=True, slots=True)
class Patient:
    """What a card depends on; an age is None where the record does not tell it."""

    age: Age | None
    is_deceased: bool
    language: str | None


@dataclass(frozen=True, slots=True)
class Condition:
    """An active condition; `is_certain` unless somebody still thinks about it."""

    asked: Asked
    is_certain: bool


def read_patient(entries: Iterable[Entry], today: datetime.date) -> Patient:
    """The patient; one who is not on the record has no age."""
    for entry in entries:
        resource = entry.resource
        deceased = resource.get("deceasedBoolean") is True or "deceasedDateTime" in resource
        return Patient(_age(resource, today), deceased, _language(resource))
    return Patient(age=None, is_deceased=False, language=None)


def _age(resource: Resource, today: datetime.date) -> Age | None:
    return age_at(text_of(resource.get("birthDate")), today)


def _language(resource: Resource) -> str | None:
    """The language that the patient prefers, or the only one that is told."""
    spoken = list(objects(resource.get("communication", [])))
    preferred = [one for one in spoken if one.get("preferred") is True]
    for one in preferred or (spoken if len(spoken) == 1 else []):
        for coding in concept(one.get("language")).codings:
            if is_language_tag(coding.code):
                return coding.code
    return None


def active_conditions(entries: Iterable[Entry], call: Call) -> Iterator[Condition]:
    """The conditions of the patient that are active and not denied.

    A client was asked for active ones; one without a clinical status counts until it says that it is over.
    """
    for entry in entries:
        resource = entry.resource
        if resource["resourceType"] != "Condition" or not is_about(resource, call.patient_id):
            continue
        verification = code_of(resource.get("verificationStatus"))
        if verification in _DENIED or not _is_active(resource):
            continue
        yield Condition(concept(resource.get("code")), is_certain=verification in ("", "confirmed"))


def _is_active(resource: Resource) -> bool:
    status = code_of(resource.get("clinicalStatus"))
    if status:
        return status in _ACTIVE
    return not any(name in resource for name in _ABATED) and resource.get("abatementBoolean") is not True


def allergies(entries: Iterable[Entry]) -> Iterator[Asked]:
    """What each allergy may be to; those that are over or refuted too, because somebody thought of it."""
    for entry in entries:
        resource = entry.resource
        if resource["resourceType"] == "AllergyIntolerance":
            substances = [concept(one.get("substance")) for one in objects(resource.get("reaction", []))]
            yield joined([concept(resource.get("code")), concept(resource.get("substance")), *substances])
