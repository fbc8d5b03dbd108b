"""Our extensions and the AdverseEvent profile."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_service.releases import RELEASES
from tests.content.builders.picking import Resource, by_id

BASE = "https://education.test/fhir"


@pytest.fixture
def onset(common: list[Resource]) -> Resource:
    return by_id(common, "StructureDefinition/onset")


@pytest.fixture
def profile(resources: list[Resource]) -> Resource:
    return by_id(resources, "StructureDefinition/ivig-itp-adverse-event")


def elements(definition: Resource, view: str = "snapshot") -> dict[str, dict[str, Any]]:
    return {element["id"]: element for element in definition[view]["element"]}


def test_an_extension_stands_where_the_release_has_the_side_effect(
    common: list[Resource], release: str
) -> None:
    place = (
        "MedicinalProductUndesirableEffect" if release == "r4" else "ClinicalUseDefinition.undesirableEffect"
    )
    for name in ("onset", "reaction-part"):
        definition = by_id(common, f"StructureDefinition/{name}")
        assert definition["context"] == [{"type": "element", "expression": place}]
        assert definition["url"] == f"{BASE}/StructureDefinition/{name}"
        assert definition["fhirVersion"] == RELEASES[release].fhir_version


def test_the_window_is_bound_to_the_shared_windows(onset: Resource) -> None:
    window = elements(onset)["Extension.extension:window.value[x]"]
    assert window["binding"]["strength"] == "required"
    assert window["binding"]["valueSet"] == f"{BASE}/ValueSet/onset-window"
    assert [kind["code"] for kind in window["type"]] == ["CodeableConcept"]


def test_the_window_is_needed_and_the_delay_is_not(onset: Resource) -> None:
    snapshot = elements(onset)
    assert (snapshot["Extension.extension:window"]["min"], snapshot["Extension.extension:window"]["max"]) == (
        1,
        "1",
    )
    assert snapshot["Extension.extension:delayAfterTreatment"]["min"] == 0
    assert snapshot["Extension.value[x]"]["max"] == "0"


def test_a_delay_is_a_quantity_that_allows_a_comparator(onset: Resource) -> None:
    (kind,) = elements(onset)["Extension.extension:delayAfterTreatment.value[x]"]["type"]
    assert kind == {"code": "Quantity"}


def test_the_snapshot_has_every_element_of_the_differential(
    resources: list[Resource], common: list[Resource]
) -> None:
    for definition in (r for r in resources + common if r["resourceType"] == "StructureDefinition"):
        snapshot = elements(definition)
        assert len(snapshot) == len(definition["snapshot"]["element"])
        for changed in definition["differential"]["element"]:
            assert changed.items() <= snapshot[changed["id"]].items()


def test_an_event_that_is_not_listed_stays_valid(profile: Resource, release: str) -> None:
    code = elements(profile)["AdverseEvent.code" if release == "r5" else "AdverseEvent.event"]
    assert code["binding"]["strength"] == "extensible"
    assert code["binding"]["valueSet"] == f"{BASE}/ValueSet/ivig-itp-vs-ae-all"


def test_the_profile_changes_nothing_else_of_the_base(profile: Resource, release: str) -> None:
    code = "AdverseEvent.code" if release == "r5" else "AdverseEvent.event"
    assert list(elements(profile, "differential")) == ["AdverseEvent", code]
    known = RELEASES[release].type_definition("AdverseEvent").elements
    direct = [i.split(".")[1] for i in elements(profile) if i.count(".") == 1]
    assert [name.removesuffix("[x]") for name in direct] == [
        name for name in known if name in {d.removesuffix("[x]") for d in direct}
    ]
    assert len(direct) == len(known)
