"""Searches of the corpus and questions of the doors: made up, the same for the same seed, all different.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from urllib.parse import quote

from bench.corpus import PATTERN, SEED, number_of
from bench.maker import BASE, COMMON, DRUGS, FAMILIES, FINDINGS, GIVEN, PROBLEMS, Skewed, logical_id
from bench.wrk import Asked

_SYSTEM = quote(BASE)
_ASKED = Skewed([COMMON, *FINDINGS.choices])
# A code that a tenth of all resources have: 100,000 of 1,000,000.
ON_A_COMMON_CODE = f"/Observation?code={_SYSTEM}/finding%7C{COMMON}"


def read_paths(count: int, types: Collection[str] = PATTERN) -> Iterator[str]:
    """Every resource of a corpus once, of those types, in no order."""
    numbers = list(range(count))
    random.Random(SEED).shuffle(numbers)
    for number in numbers:
        type_name = PATTERN[number % len(PATTERN)]
        if type_name in types:
            yield f"/{type_name}/{logical_id(type_name, number)}"


class _Taken:
    """What one search asks for, of a corpus of `count` resources."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.chance = random.Random(SEED)

    def patient(self) -> int:
        return number_of("Patient", self.count - len(PATTERN), self.chance)

    def patient_id(self) -> str:
        return logical_id("Patient", self.patient())

    def day(self) -> str:
        return f"{self.chance.randrange(2015, 2026)}-{self.chance.randrange(1, 13):02}-01"

    def finding(self) -> str:
        return f"{_SYSTEM}/finding%7C{_ASKED.take(self.chance)}"

    def identifier(self) -> str:
        return f"{_SYSTEM}/mrn%7CM{self.patient():09}"


# Shape -> weight in the mix, and the search.
SHAPES: dict[str, tuple[int, Callable[[_Taken], str]]] = {
    "token": (25, lambda one: f"/Observation?code={one.finding()}"),
    "identifier": (15, lambda one: f"/Patient?identifier={one.identifier()}"),
    "string prefix": (15, lambda one: f"/Patient?family={one.chance.choice(FAMILIES)[:5]}"),
    "date range": (
        10,
        lambda one: f"/Condition?recorded-date=ge{(day := one.day())}&recorded-date=lt{day[:8]}15",
    ),
    "reference": (10, lambda one: f"/Observation?subject=Patient/{one.patient_id()}"),
    "chain": (
        5,
        lambda one: f"/MedicationRequest?subject:Patient.identifier={one.identifier()}",
    ),
    "two parameters": (
        10,
        lambda one: (
            f"/Condition?code={_SYSTEM}/problem%7C{PROBLEMS.take(one.chance)}&recorded-date=ge{one.day()}"
        ),
    ),
    "_include": (
        5,
        lambda one: (
            f"/MedicationRequest?code={_SYSTEM}/drug%7C{DRUGS.take(one.chance)}"
            "&_include=MedicationRequest:subject"
        ),
    ),
    "_sort": (5, lambda one: f"/Patient?given={one.chance.choice(GIVEN)}&_sort=birthdate"),
}


def searches(count: int, *shapes: str) -> Iterator[str]:
    """Without an end; of all shapes by their weights, or of those named."""
    taken = _Taken(count)
    names = shapes or tuple(SHAPES)
    weights = [SHAPES[name][0] for name in names]
    while True:
        name = taken.chance.choices(names, weights)[0]
        yield SHAPES[name][1](taken) + "&_count=20"


def knowledge_requests(count: int) -> list[Asked]:
    """Infobutton and CDS Hooks in turns: about the topic and about something else, each a different one."""
    return list(islice(_questions(random.Random(SEED)), count))


def _questions(chance: random.Random) -> Iterator[Asked]:
    number = 0
    while True:
        number += 1
        code = chance.choice(("5666", f"{number + 10_000}"))
        yield Asked(
            "/infobutton/service?mainSearchCriteria.v.cs=RXNORM"
            f"&mainSearchCriteria.v.c={code}&mainSearchCriteria.v.dn=medicine%20{number}"
            f"&age.v.v={number % 17}&age.v.u=a&knowledgeResponseType=application/json"
        )
        yield Asked("/cds-services/education-order-select", "POST", json.dumps(_call(number, code)))


def _call(number: int, code: str) -> dict[str, object]:
    coding = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": code}
    order = {
        "resourceType": "MedicationRequest",
        "id": f"order-{number}",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/child-{number}"},
        "medicationCodeableConcept": {"coding": [coding], "text": f"medicine {number}"},
    }
    child = {"resourceType": "Patient", "id": f"child-{number}", "birthDate": f"{2012 + number % 14}-05-04"}
    return {
        "hook": "order-select",
        "hookInstance": f"d1577c69-dfbe-44ad-ba6d-{number:012x}",
        "context": {
            "userId": "Practitioner/dr-1",
            "patientId": f"child-{number}",
            "selections": [f"MedicationRequest/order-{number}"],
            "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]},
        },
        "prefetch": {"patient": child, "conditions": None},
    }
