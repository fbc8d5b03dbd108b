"""Writes a corpus of R4 resources as NDJSON: made up, the same for the same seed, a line at a time.

https://hl7.org/fhir/R4/nd-json.html

    python -m bench.corpus 100000 > corpus.ndjson

The shapes are those of HL7's examples: patients and what is known of them (`bench/clinical.py`), and
knowledge (`bench/content.py`): plans, value sets, questionnaires, documents, side effects. Codes are skewed
as in life (a few are everywhere, most are rare); references lead to resources of the same corpus. The median
body is about 2.4 kB.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator

from bench import clinical, content
from bench.maker import Maker, Resource, logical_id

SEED = 20261125

# What comes how often in forty, again and again; what is referred to stands before what refers to it.
_MAKERS: dict[str, tuple[int, Callable[[Maker], Resource]]] = {
    "Patient": (4, clinical.patient),
    "Observation": (16, clinical.observation),
    "Condition": (6, clinical.condition),
    "MedicationRequest": (7, clinical.medication_request),
    "AdverseEvent": (1, clinical.adverse_event),
    "MedicationKnowledge": (1, content.medication_knowledge),
    "ValueSet": (1, content.value_set),
    "PlanDefinition": (1, content.plan_definition),
    "Composition": (1, content.composition),
    "Questionnaire": (1, content.questionnaire),
    "MedicinalProductUndesirableEffect": (1, content.undesirable_effect),
}
PATTERN = tuple(name for name, (times, _) in _MAKERS.items() for _ in range(times))
_PLACES = {name: [place for place, one in enumerate(PATTERN) if one == name] for name in _MAKERS}


def number_of(type_name: str, before: int, chance: random.Random) -> int:
    """The number of any resource of that type in the rows of forty before that number, or in its own."""
    return chance.randrange(before // len(PATTERN) + 1) * len(PATTERN) + chance.choice(_PLACES[type_name])


def resources(count: int, seed: int = SEED, first: int = 0) -> Iterator[Resource]:
    """Those of the numbers below `count`; a longer corpus of the same seed starts with the shorter one."""
    for number in range(first, count):
        _, make = _MAKERS[PATTERN[number % len(PATTERN)]]
        yield make(Maker(seed, number, _id_of))


def lines(count: int, seed: int = SEED, first: int = 0) -> Iterator[str]:
    """As NDJSON."""
    for resource in resources(count, seed, first):
        yield json.dumps(resource, separators=(",", ":")) + "\n"


def _id_of(type_name: str, before: int, chance: random.Random) -> str:
    return logical_id(type_name, number_of(type_name, before, chance))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("count", type=int, help="how many resources")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed gives another corpus")
    arguments = parser.parse_args()
    sys.stdout.writelines(lines(arguments.count, arguments.seed))


if __name__ == "__main__":
    main()
