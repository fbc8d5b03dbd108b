"""What a context finds, as data (cases/topic.yaml)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fhir_service.finder import Finder, Hit
from tests.finder.contexts import TOPIC, context

FILE = Path(__file__).parent / "cases" / "topic.yaml"
FINDER = Finder([TOPIC])
CASES = [
    pytest.param(case, id=f"{about}: {case.get('codes', case.get('words', case.get('asked', '')))}")
    for about, cases in yaml.safe_load(FILE.read_text(encoding="utf-8")).items()
    for case in cases
]


@pytest.mark.parametrize("case", CASES)
def test_a_context_finds(case: dict[str, Any]) -> None:
    hits, wanted = FINDER.find(context(case)), case["finds"]
    assert [hit.slug for hit in hits] == ["ivig-itp"] * len(wanted)
    for hit, told in zip(hits, wanted, strict=True):
        assert {name: said(hit, name) for name in told} == told


def said(hit: Hit, name: str) -> Any:
    if name == "matches":
        return [match.of for match in hit.matches]
    value = getattr(hit, name)
    return list(value) if isinstance(value, tuple) else value
