"""HL7's own examples: each applies, or is refused for a reason that an author can act on."""

from typing import Any

import pytest

from fhir_service.errors import ServiceError
from fhir_service.reasoning import apply_activity, apply_plan
from fhir_service.releases import RELEASES
from tests.reasoning.applying import cases, inputs
from tests.reasoning.hl7_definitions import definitions

ROWS = [(row, release) for row in cases("hl7_examples") for release in row.get("releases", RELEASES)]
APPLY = {"PlanDefinition": apply_plan, "ActivityDefinition": apply_activity}


@pytest.mark.parametrize(
    ("row", "release"), ROWS, ids=lambda one: one if isinstance(one, str) else one["definition"]
)
def test_an_example_of_hl7_gives_what_the_table_says(row: dict[str, Any], release: str) -> None:
    type_name, _, logical_id = row["definition"].partition("/")
    every = definitions(release)
    definition = next(one for one in every if one["resourceType"] == type_name and one["id"] == logical_id)
    if row.get("applies"):
        assert APPLY[type_name](definition, inputs(release, every))["resourceType"]
        return
    with pytest.raises(ServiceError) as failure:
        APPLY[type_name](definition, inputs(release, every))
    first = failure.value.issues[0]
    assert (failure.value.status, first.code) == (422, "not-supported")
    assert row["refused"] in first.diagnostics
    assert first.expression == (row["at"],)
    if "action" in row:
        assert f"Action `{row['action']}`" in first.diagnostics


@pytest.mark.parametrize("release", RELEASES)
def test_the_table_has_every_example(release: str) -> None:
    named = {row["definition"] for row, of in ROWS if of == release}
    assert named == {
        f"{one['resourceType']}/{one['id']}" for one in definitions(release) if one["resourceType"] in APPLY
    }
    assert sum(name.startswith("PlanDefinition/") for name in named) == 18
