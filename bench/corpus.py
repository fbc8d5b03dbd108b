"""Writes a corpus of R4 resources as NDJSON: made up, the same for the same seed, a line at a time.

https://hl7.org/fhir/R4/nd-json.html

    python -m bench.corpus 100000 > corpus.ndjson

The shapes are those of HL7's examples. Codes are skewed as in life (a few are everywhere, most are rare);
references lead to resources of the same corpus. The median body is about 2.4 kB.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

Resource = dict[str, Any]

SEED = 20261125
_BASE = "http://corpus.test"
_SYLLABLES = [a + b for a in "bdfghklmnprstvz" for b in "aeiou"]
_START = datetime(2015, 1, 1, tzinfo=UTC)


def words(seed: str, count: int, syllables: int = 3) -> list[str]:
    """So many made-up words, all different."""
    chance = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(chance.choices(_SYLLABLES, k=syllables))] = None
    return list(found)


WORDS = words("text", 2_000)
FAMILIES = [word.title() for word in words("family", 5_000)]
GIVEN = [word.title() for word in words("given", 1_000, 2 + 1)]
CITIES = [word.title() for word in words("city", 400)]


class Skewed:
    """Choices of which the n-th is taken 1/n as often as the first."""

    def __init__(self, choices: Sequence[str]) -> None:
        self._choices = choices
        self._weights = list(accumulate(1 / n for n in range(1, len(choices) + 1)))

    def take(self, chance: random.Random) -> str:
        return chance.choices(self._choices, cum_weights=self._weights)[0]


FINDINGS = Skewed([f"F{n:04}" for n in range(1_500)])
PROBLEMS = Skewed([f"P{n:04}" for n in range(3_000)])
DRUGS = Skewed([f"D{n:04}" for n in range(1_000)])


class Maker:
    """Makes the resource of one number; everything in it comes from the seed and that number."""

    def __init__(self, seed: int, number: int) -> None:
        self.chance = random.Random(f"{seed} {number}")
        self.number = number

    def text(self, count: int) -> str:
        return " ".join(self.chance.choices(WORDS, k=count)).capitalize() + "."

    def instant(self) -> str:
        moment = _START + timedelta(seconds=self.chance.randrange(11 * 365 * 86_400))
        return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def concept(self, system: str, code: str) -> Resource:
        display = f"{WORDS[int(code[1:]) % len(WORDS)].title()} {code}"
        coding = {"system": f"{_BASE}/{system}", "code": code, "display": display}
        local = {"system": f"{_BASE}/{system}-local", "code": f"L-{code}", "display": display}
        return {"coding": [coding, local], "text": display}

    def reference(self, type_name: str) -> Resource:
        """To an earlier resource of that type, of which there is one every so many."""
        earlier = self.chance.randrange(self.number // len(PATTERN) + 1)
        number = earlier * len(PATTERN) + PATTERN.index(type_name)
        return {"reference": f"{type_name}/{logical_id(type_name, number)}", "display": self.text(2)}

    def identifier(self, kind: str) -> Resource:
        return {"system": f"{_BASE}/{kind}", "value": f"{kind[:1].upper()}{self.number:09}"}

    def resource(self, type_name: str, length: int) -> Resource:
        """What all have: an id, a profile tag now and then, a narrative of so many words."""
        tag = {"system": f"{_BASE}/tag", "code": self.chance.choice(("red", "green", "blue"))}
        rows = "".join(f"<p><b>{self.text(2)}</b>: {self.text(length // 4)}</p>" for _ in range(4))
        div = f'<div xmlns="http://www.w3.org/1999/xhtml">{rows}</div>'
        return {
            "resourceType": type_name,
            "id": logical_id(type_name, self.number),
            "meta": {"tag": [tag]},
            "text": {"status": "generated", "div": div},
        }


def logical_id(type_name: str, number: int) -> str:
    """Scattered, as ids are that clients make."""
    return f"{type_name[:3].lower()}-{number * 2_654_435_761 % 2**32:08x}{number:x}"


def patient(make: Maker) -> Resource:
    chance = make.chance
    family, given = chance.choice(FAMILIES), chance.choices(GIVEN, k=2)
    city = chance.choice(CITIES)
    return make.resource("Patient", 140) | {
        "identifier": [make.identifier("mrn") | {"type": _of("v2-0203", "MR"), "use": "usual"}],
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
        "contact": [
            {"relationship": [_of("v2-0131", "N")], "name": {"family": family, "text": make.text(2)}}
        ],
        "maritalStatus": _of("v3-MaritalStatus", chance.choice(("M", "S", "U"))),
    }


def observation(make: Maker) -> Resource:
    chance = make.chance
    value = {"value": chance.randrange(1, 2_000) / 10, "unit": "mmol/L"}
    ucum = {"system": "http://unitsofmeasure.org", "code": "mmol/L"}
    limits = {"low": {"value": 3.5, **ucum}, "high": {"value": 120.0, **ucum}}
    return make.resource("Observation", 130) | {
        "identifier": [make.identifier("result")],
        "status": "final",
        "category": [_of("observation-category", "laboratory")],
        "code": make.concept("finding", FINDINGS.take(chance)),
        "subject": make.reference("Patient"),
        "effectiveDateTime": make.instant(),
        "issued": make.instant(),
        "performer": [{"reference": f"Practitioner/pra-{chance.randrange(2_000)}", "display": make.text(2)}],
        "valueQuantity": {**value, **ucum},
        "interpretation": [_of("v3-ObservationInterpretation", chance.choice(("H", "L", "N")))],
        "referenceRange": [{**limits, "text": make.text(6)}],
        "note": [{"text": make.text(20)}],
    }


def condition(make: Maker) -> Resource:
    chance = make.chance
    return make.resource("Condition", 150) | {
        "identifier": [make.identifier("problem")],
        "clinicalStatus": _of("condition-clinical", "active"),
        "verificationStatus": _of("condition-ver-status", "confirmed"),
        "category": [_of("condition-category", "encounter-diagnosis")],
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
        "requester": {"reference": f"Practitioner/pra-{chance.randrange(2_000)}", "display": make.text(2)},
        "reasonReference": [make.reference("Condition")],
        "note": [{"text": make.text(40)}],
        "substitution": {
            "allowedBoolean": True,
            "reason": make.concept("reason", f"R{chance.randrange(20)}"),
        },
    }


def medication_knowledge(make: Maker) -> Resource:
    chance = make.chance
    return make.resource("MedicationKnowledge", 100) | {
        "code": make.concept("drug", f"D{make.number % 1_000:04}"),
        "status": "active",
        "doseForm": make.concept("form", f"T{chance.randrange(30)}"),
        "synonym": [make.text(2) for _ in range(3)],
        "productType": [make.concept("product", f"K{chance.randrange(10)}")],
        "ingredient": [
            {"itemCodeableConcept": make.concept("substance", DRUGS.take(chance)), "isActive": True}
            for _ in range(4)
        ],
        "medicineClassification": [
            {
                "type": make.concept("class-type", "C1"),
                "classification": [make.concept("class", f"C{chance.randrange(90)}")],
            }
        ],
    }


def value_set(make: Maker) -> Resource:
    chance = make.chance
    concepts = [
        {"code": f"V{make.number}-{n}", "display": make.text(3)} for n in range(chance.randrange(8, 60))
    ]
    url = f"{_BASE}/ValueSet/{make.number}"
    return make.resource("ValueSet", 60) | {
        "url": url,
        "identifier": [make.identifier("set")],
        "version": f"1.{chance.randrange(9)}.0",
        "name": f"Set{make.number}",
        "title": make.text(4),
        "status": chance.choice(("draft", "active")),
        "date": make.instant()[:10],
        "publisher": chance.choice(FAMILIES),
        "description": make.text(25),
        "compose": {"include": [{"system": f"{_BASE}/finding", "concept": concepts}]},
    }


def _of(table: str, code: str) -> Resource:
    """A code of HL7's terminology."""
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{table}", "code": code}]}


_MAKERS: dict[str, Callable[[Maker], Resource]] = {
    "Patient": patient,
    "Observation": observation,
    "Condition": condition,
    "MedicationRequest": medication_request,
    "MedicationKnowledge": medication_knowledge,
    "ValueSet": value_set,
}
# Twenty in a row, again and again.
PATTERN = (
    *("Patient", "Patient"),
    *("Observation",) * 9,
    *("Condition",) * 3,
    *("MedicationRequest",) * 4,
    "MedicationKnowledge",
    "ValueSet",
)


def resources(count: int, seed: int = SEED) -> Iterator[Resource]:
    """So many resources; a longer corpus of the same seed starts with the shorter one."""
    for number in range(count):
        yield _MAKERS[PATTERN[number % len(PATTERN)]](Maker(seed, number))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    for resource in resources(arguments.count, arguments.seed):
        sys.stdout.write(json.dumps(resource, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
