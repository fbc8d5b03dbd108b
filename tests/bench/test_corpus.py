"""The corpus that is measured with: always the same, of real size, and nothing in it is rejected."""

import json
import re
from collections import Counter
from statistics import median

from bench.corpus import PATTERN, resources
from bench.maker import COMMON
from fhir_service.releases import R4
from fhir_service.releases.validator import validator

SAMPLE = list(resources(200))


def test_the_same_seed_gives_the_same_corpus_and_a_longer_one_goes_on() -> None:
    assert list(resources(220))[:200] == SAMPLE
    assert list(resources(20, seed=1)) != SAMPLE[:20]


def test_bodies_are_as_large_as_those_of_real_resources() -> None:
    assert 2_200 < median(len(json.dumps(one, separators=(",", ":"))) for one in SAMPLE) < 2_700
    assert Counter(one["resourceType"] for one in SAMPLE) == Counter(PATTERN * 5)


def test_the_gate_accepts_every_resource() -> None:
    assert [issue for one in SAMPLE for issue in validator(R4).validate(one)] == []


def test_no_id_is_given_twice() -> None:
    assert len({(one["resourceType"], one["id"]) for one in SAMPLE}) == len(SAMPLE)


def test_a_tenth_carries_the_common_code_and_the_others_are_skewed() -> None:
    found = Counter(one["code"]["coding"][0]["code"] for one in resources(4_000) if "valueQuantity" in one)
    (first, most), (_, second), *_ = found.most_common()
    assert (first, most) == (COMMON, 400)
    assert second > 10 * min(found.values())


def test_references_lead_to_resources_of_the_corpus() -> None:
    there = {f"{one['resourceType']}/{one['id']}" for one in SAMPLE}
    text = json.dumps(SAMPLE)
    asked = set(re.findall(r'"reference": "((?:Patient|Condition|Observation)/[^"]+)"', text))
    assert asked and asked <= there
