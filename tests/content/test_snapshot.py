"""Snapshots of our own profiles."""

from __future__ import annotations

import pytest

from fhir_service.content.snapshot import snapshot

SLICE = {"id": "Extension.extension:window", "path": "Extension.extension", "sliceName": "window", "max": "1"}


def test_a_change_is_laid_over_the_base_element() -> None:
    elements = {e["id"]: e for e in snapshot("r4", "Extension", [{"id": "Extension.url", "fixedUri": "u"}])}
    assert elements["Extension.url"]["fixedUri"] == "u"
    assert elements["Extension.url"]["min"] == 1


def test_a_slice_follows_the_element_it_slices_and_is_not_sliced_itself() -> None:
    elements = snapshot("r4", "Extension", [SLICE])
    ids = [element["id"] for element in elements]
    assert ids.index("Extension.extension:window") == ids.index("Extension.extension") + 1
    by_id = {element["id"]: element for element in elements}
    assert "slicing" in by_id["Extension.extension"]
    assert "slicing" not in by_id["Extension.extension:window"]


def test_a_second_slice_stands_after_the_children_of_the_first() -> None:
    child = {"id": "Extension.extension:window.url", "path": "Extension.extension.url", "fixedUri": "window"}
    second = SLICE | {"id": "Extension.extension:other", "sliceName": "other"}
    ids = [element["id"] for element in snapshot("r5", "Extension", [SLICE, child, second])]
    assert ids.index("Extension.extension:other") == ids.index("Extension.extension:window.value[x]") + 1


def test_children_of_a_slice_come_from_its_type() -> None:
    child = {"id": "Extension.extension:window.url", "path": "Extension.extension.url", "fixedUri": "window"}
    elements = {element["id"]: element for element in snapshot("r4b", "Extension", [SLICE, child])}
    assert elements["Extension.extension:window.value[x]"]["path"] == "Extension.extension.value[x]"
    assert elements["Extension.extension:window.url"]["fixedUri"] == "window"


def test_the_base_is_not_changed_by_a_profile() -> None:
    before = snapshot("r4", "AdverseEvent", [])
    snapshot("r4", "AdverseEvent", [{"id": "AdverseEvent.event", "min": 1}])
    assert snapshot("r4", "AdverseEvent", []) == before


@pytest.mark.parametrize("element_id", ["AdverseEvent.nothing", "Nothing.else", "AdverseEvent.nothing:part"])
def test_an_element_that_the_base_lacks_is_an_error(element_id: str) -> None:
    with pytest.raises(ValueError, match="No element"):
        snapshot("r4", "AdverseEvent", [{"id": element_id}])
