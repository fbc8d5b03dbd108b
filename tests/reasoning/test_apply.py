"""Plans and activities applied, case by case: cases/*.yaml, in every release."""

from typing import Any

import pytest

from fhir_service.errors import ServiceError
from fhir_service.releases import RELEASES
from tests.interactions.scenarios import fits, found_at
from tests.reasoning.applying import FOLDER, apply_case, cases

OTHERS = ("hl7_examples", "data_requirements")  # which have runners of their own
TABLES = sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem not in OTHERS)
EVERY = [
    (f"{table}: {case['name']} ({release})", case, release)
    for table in TABLES
    for case in cases(table)
    for release in case.get("releases", RELEASES)
]


def expecting(what: str) -> list[Any]:
    return [pytest.param(case, release, id=name) for name, case, release in EVERY if what in case]


@pytest.mark.parametrize(("case", "release"), expecting("gives"))
def test_applies(case: dict[str, Any], release: str) -> None:
    given = apply_case(case, release)
    for path, expected in case["gives"].items():
        found = found_at(given, path)
        assert fits(found, expected), f"{path} is {found!r}, not {expected!r}\n{given}"


@pytest.mark.parametrize(("case", "release"), expecting("refused"))
def test_is_refused_with_its_reason(case: dict[str, Any], release: str) -> None:
    refused = case["refused"]
    with pytest.raises(ServiceError, match=refused["says"]) as failure:
        apply_case(case, release)
    first = failure.value.issues[0]
    assert first.code == refused["code"], first
    assert 400 <= failure.value.status < 500
    assert first.expression and refused.get("at", first.expression[0]) == first.expression[0]


def test_every_case_expects_something() -> None:
    assert [name for name, case, _ in EVERY if not {"gives", "refused"} & case.keys()] == []
