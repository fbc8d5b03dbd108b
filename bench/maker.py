"""What the resources of the corpus are made of: made-up words, skewed codes, and what all of them have.

https://hl7.org/fhir/R4/resource.html
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

Resource = dict[str, Any]

BASE = "http://corpus.test"
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
GIVEN = [word.title() for word in words("given", 1_000)]
CITIES = [word.title() for word in words("city", 400)]


class Skewed:
    """Choices of which the n-th is taken 1/n as often as the first."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = choices
        self._weights = list(accumulate(1 / n for n in range(1, len(choices) + 1)))

    def take(self, chance: random.Random) -> str:
        return chance.choices(self.choices, cum_weights=self._weights)[0]


COMMON = "F0000"
"""The finding of every fourth observation: of a tenth of all resources, which is 100,000 of 1,000,000."""
FINDINGS = Skewed([f"F{n:04}" for n in range(1, 1_500)])
"""The findings of the other observations."""
PROBLEMS = Skewed([f"P{n:04}" for n in range(3_000)])
DRUGS = Skewed([f"D{n:04}" for n in range(1_000)])
EFFECTS = Skewed([f"E{n:04}" for n in range(800)])
TOPICS = Skewed([f"T{n:04}" for n in range(500)])
SECTIONS = Skewed([f"N{n:04}" for n in range(60)])


class Maker:
    """Makes the resource of one number; everything in it comes from the seed and that number."""

    def __init__(self, seed: int, number: int, id_of: Callable[[str, int, random.Random], str]) -> None:
        self.chance = random.Random(f"{seed} {number}")
        self.number = number
        self._id_of = id_of

    def text(self, count: int) -> str:
        return " ".join(self.chance.choices(WORDS, k=count)).capitalize() + "."

    def instant(self) -> str:
        moment = _START + timedelta(seconds=self.chance.randrange(11 * 365 * 86_400))
        return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def concept(self, system: str, code: str) -> Resource:
        display = f"{WORDS[int(code[1:]) % len(WORDS)].title()} {code}"
        coding = {"system": f"{BASE}/{system}", "code": code, "display": display}
        local = {"system": f"{BASE}/{system}-local", "code": f"L-{code}", "display": display}
        return {"coding": [coding, local], "text": display}

    def reference(self, type_name: str) -> Resource:
        """To any earlier resource of that type."""
        logical_id = self._id_of(type_name, self.number, self.chance)
        return {"reference": f"{type_name}/{logical_id}", "display": self.text(2)}

    def identifier(self, kind: str) -> Resource:
        return {"system": f"{BASE}/{kind}", "value": f"{kind[:1].upper()}{self.number:09}"}

    def practitioner(self) -> Resource:
        """One of those of whom the corpus has no resource, as stores often have not."""
        return {"reference": f"Practitioner/pra-{self.chance.randrange(2_000)}", "display": self.text(2)}

    def resource(self, type_name: str, length: int) -> Resource:
        """What all have: an id, a tag, a narrative of so many words."""
        tag = {"system": f"{BASE}/tag", "code": self.chance.choice(("red", "green", "blue"))}
        rows = "".join(f"<p><b>{self.text(2)}</b>: {self.text(length // 4)}</p>" for _ in range(4))
        return {
            "resourceType": type_name,
            "id": logical_id(type_name, self.number),
            "meta": {"tag": [tag]},
            "text": {"status": "generated", "div": div(rows)},
        }

    def published(self, type_name: str, length: int) -> Resource:
        """What those have that are published under a canonical URL."""
        return self.resource(type_name, length) | {
            "url": f"{BASE}/{type_name}/{self.number}",
            "identifier": [self.identifier("canonical")],
            "version": f"1.{self.chance.randrange(9)}.0",
            "name": f"{type_name}{self.number}",
            "title": self.text(4),
            "status": self.chance.choice(("draft", "active")),
            "date": self.instant()[:10],
            "publisher": self.chance.choice(FAMILIES),
            "description": self.text(25),
        }


def logical_id(type_name: str, number: int) -> str:
    """Scattered, as ids are that clients make."""
    return f"{type_name[:3].lower()}-{number * 2_654_435_761 % 2**32:08x}{number:x}"


def div(inside: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'


def of(table: str, code: str) -> Resource:
    """A code of HL7's terminology."""
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{table}", "code": code}]}
