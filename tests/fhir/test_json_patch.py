from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from fhir_service.errors import ServiceError, TooLarge
from fhir_service.fhir.json_patch import MOST_OPERATIONS, apply

CASES = yaml.safe_load(Path(__file__).with_name("json_patch_cases.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    before = deepcopy(case["value"])
    if "fails" in case:
        with pytest.raises(ServiceError) as caught:
            apply(case["value"], case["patch"])
        assert caught.value.status == case["fails"]
        assert caught.value.issues[0].diagnostics.startswith("Operation 0")
    else:
        assert apply(case["value"], case["patch"]) == case["result"]
    assert case["value"] == before


def test_copies_that_would_fill_the_memory_are_refused() -> None:
    doubling = [{"op": "copy", "from": "/a", "path": f"/a/{number}"} for number in range(40)]
    with pytest.raises(TooLarge):
        apply({"a": {"x": [1, 2, 3]}}, doubling)
    with pytest.raises(TooLarge):
        apply({}, [{"op": "add", "path": "/a", "value": 1}] * (MOST_OPERATIONS + 1))
