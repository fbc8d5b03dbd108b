from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from fhir_service.errors import Invalid, ServiceError, TooLarge
from fhir_service.fhir.fhirpath_patch import MOST_OPERATIONS, apply, split_steps
from fhir_service.releases import R4, RELEASES

CASES = yaml.safe_load(Path(__file__).with_name("fhirpath_patch_cases.yaml").read_text(encoding="utf-8"))

_TYPES = {
    "type": "valueCode",
    "index": "valueInteger",
    "source": "valueInteger",
    "destination": "valueInteger",
}


def parameters(operations: list[dict[str, Any]]) -> dict[str, Any]:
    def part(name: str, value: Any) -> dict[str, Any]:
        return {"name": name, **(value if name == "value" else {_TYPES.get(name, "valueString"): value})}

    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "operation", "part": [part(*pair) for pair in operation.items()]}
            for operation in operations
        ],
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    patient = {"resourceType": "Patient", **case["resource"]}
    before = deepcopy(patient)
    for release in RELEASES.values():
        if "fails" in case:
            with pytest.raises(ServiceError) as caught:
                apply(patient, parameters(case["patch"]), release)
            assert caught.value.status == case["fails"], caught.value
            assert caught.value.issues[0].expression == ("Parameters.parameter[0]",)
        else:
            patched = apply(patient, parameters(case["patch"]), release)
            assert patched == {"resourceType": "Patient", **case["result"]}
    assert patient == before


@pytest.mark.parametrize(
    "malformed",
    [
        {"resourceType": "Patient"},
        {"resourceType": "Parameters", "parameter": {}},
        {"resourceType": "Parameters", "parameter": ["x"]},
        {"resourceType": "Parameters", "parameter": [{"name": "other", "part": []}]},
        {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [{"name": "type"}] * 2}]},
    ],
)
def test_a_patch_that_no_resource_could_fit_is_malformed(malformed: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        apply({"resourceType": "Patient"}, malformed, R4)


def test_a_patch_is_bounded() -> None:
    delete = {"type": "delete", "path": "Patient.gender"}
    with pytest.raises(TooLarge):
        apply({"resourceType": "Patient"}, parameters([delete] * (MOST_OPERATIONS + 1)), R4)


def test_steps_are_split_at_points_outside_of_brackets_and_quotes() -> None:
    path = "a.where(b.c = 'd.(e').f[0].`g.h`.ofType(FHIR.string)"
    assert split_steps(path) == ["a", "where(b.c = 'd.(e')", "f[0]", "`g.h`", "ofType(FHIR.string)"]
