"""The resources of the corpus that tell about somebody, who is made up: patients and what is known of them.

https://hl7.org/fhir/R4/clinicalsummary-module.html
"""

from __future__ import annotations

from bench.maker import (
    CITIES,
    COMMON,
    DRUGS,
    EFFECTS,
    FAMILIES,
    FINDINGS,
    GIVEN,
    PROBLEMS,
    Maker,
    Resource,
    of,
)


def patient(make: Maker) -> Resource:
    chance = make.chance
    family, given = chance.choice(FAMILIES), chance.choices(GIVEN, k=2)
    city = chance.choice(CITIES)
    return make.resource("Patient", 140) | {
        "identifier": [make.identifier("mrn") | {"type": of("v2-0203", "MR"), "use": "usual"}],
        "active": True,
        "name": [
            {"use": "official", "family": family, "given": given},
            {"use": "usual", "given": given[:1], "text": f"{given[0]} {family}"},
        ],
        "telecom": [
            {"system": "phone", "value": f"555 {make.number:07}", "use": "home"},
            {"system": "email", "value": f"{given[0]}.{family}{make.number}@corpus.test".lower()},
        ],
        "gender": chance.choice(("male", "female", "other", "unknown")),
        "birthDate": make.instant()[:10],
        "address": [
            {"use": "home", "line": [f"{make.number % 900} {city} Road"], "city": city, "country": "XX"}
        ],
        "contact": [{"relationship": [of("v2-0131", "N")], "name": {"family": family, "text": make.text(2)}}],
        "maritalStatus": of("v3-MaritalStatus", chance.choice(("M", "S", "U"))),
    }


def observation(make: Maker) -> Resource:
    chance = make.chance
    value = {"value": chance.randrange(1, 2_000) / 10, "unit": "mmol/L"}
    ucum = {"system": "http://unitsofmeasure.org", "code": "mmol/L"}
    limits = {"low": {"value": 3.5, **ucum}, "high": {"value": 120.0, **ucum}}
    return make.resource("Observation", 130) | {
        "identifier": [make.identifier("result")],
        "status": "final",
        "category": [of("observation-category", "laboratory")],
        "code": make.concept("finding", FINDINGS.take(chance) if make.number % 4 else COMMON),
        "subject": make.reference("Patient"),
        "effectiveDateTime": make.instant(),
        "issued": make.instant(),
        "performer": [make.practitioner()],
        "valueQuantity": {**value, **ucum},
        "interpretation": [of("v3-ObservationInterpretation", chance.choice(("H", "L", "N")))],
        "referenceRange": [{**limits, "text": make.text(6)}],
        "note": [{"text": make.text(20)}],
    }


def condition(make: Maker) -> Resource:
    chance = make.chance
    return make.resource("Condition", 150) | {
        "identifier": [make.identifier("problem")],
        "clinicalStatus": of("condition-clinical", "active"),
        "verificationStatus": of("condition-ver-status", "confirmed"),
        "category": [of("condition-category", "encounter-diagnosis")],
        "severity": make.concept("severity", f"S{chance.randrange(3)}"),
        "code": make.concept("problem", PROBLEMS.take(chance)),
        "bodySite": [make.concept("site", f"B{chance.randrange(200)}")],
        "subject": make.reference("Patient"),
        "onsetDateTime": make.instant()[:10],
        "recordedDate": make.instant(),
        "evidence": [{"detail": [make.reference("Observation")]}],
    }


def medication_request(make: Maker) -> Resource:
    chance = make.chance
    return make.resource("MedicationRequest", 150) | {
        "identifier": [make.identifier("order")],
        "status": chance.choice(("active", "completed", "stopped")),
        "intent": "order",
        "medicationCodeableConcept": make.concept("drug", DRUGS.take(chance)),
        "subject": make.reference("Patient"),
        "authoredOn": make.instant(),
        "requester": make.practitioner(),
        "reasonReference": [make.reference("Condition")],
        "note": [{"text": make.text(40)}],
        "substitution": {
            "allowedBoolean": True,
            "reason": make.concept("reason", f"R{chance.randrange(20)}"),
        },
    }


def adverse_event(make: Maker) -> Resource:
    chance = make.chance
    return make.resource("AdverseEvent", 150) | {
        "identifier": make.identifier("event"),
        "actuality": "actual",
        "category": [of("adverse-event-category", "medication-mishap")],
        "event": make.concept("effect", EFFECTS.take(chance)),
        "subject": make.reference("Patient"),
        "date": make.instant(),
        "resultingCondition": [make.reference("Condition")],
        "seriousness": of("adverse-event-seriousness", chance.choice(("serious", "non-serious"))),
        "severity": of("adverse-event-severity", chance.choice(("mild", "moderate", "severe"))),
        "recorder": make.practitioner(),
        "suspectEntity": [{"instance": {"reference": f"Medication/{DRUGS.take(chance)}"}}],
    }
