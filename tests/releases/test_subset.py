import json
from pathlib import Path
from typing import Any

import pytest

from fhir_service.releases import R4, R5, RELEASES, Release
from fhir_service.releases.subset import SUBSETTED, elements, summary

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "meta": {"versionId": "1", "tag": [{"code": "mine"}]},
    "text": {"status": "generated", "div": "<div/>"},
    "active": True,
    "_active": {"id": "a"},
    "name": [{"family": "Doe", "given": ["Jo"]}],
    "maritalStatus": {"text": "never married"},
    "contact": [{"name": {"text": "Sam"}}],
    "link": [{"other": {"reference": "Patient/q"}, "type": "seealso"}],
}


def test_what_is_cut_says_so_and_keeps_its_own_tags() -> None:
    assert summary(PATIENT, "data", R4)["meta"] == {"versionId": "1", "tag": [{"code": "mine"}, SUBSETTED]}
    assert PATIENT["meta"] == {"versionId": "1", "tag": [{"code": "mine"}]}


def test_a_summary_holds_what_the_definitions_mark() -> None:
    cut = summary(PATIENT, "true", R4)
    assert cut.keys() == {"resourceType", "id", "meta", "active", "_active", "name", "link"}


def test_a_summary_goes_into_what_a_resource_holds() -> None:
    entry = {"resource": PATIENT, "search": {"mode": "match"}}
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [entry]}
    cut = summary(bundle, "true", R4)["entry"][0]
    assert "contact" not in cut["resource"]
    assert cut["search"] == {"mode": "match"}


def test_text_keeps_the_narrative_and_what_must_be_there() -> None:
    assert summary(PATIENT, "text", R4).keys() == {"resourceType", "id", "meta", "text"}
    plan = {"resourceType": "PlanDefinition", "id": "p", "status": "draft", "title": "T"}
    assert summary(plan, "text", R5).keys() == {"resourceType", "id", "meta", "status"}


def test_data_leaves_out_the_narrative_only() -> None:
    assert summary(PATIENT, "data", R4).keys() == PATIENT.keys() - {"text"}


def test_elements_keeps_what_is_named_and_what_changes_the_meaning() -> None:
    cut = elements(PATIENT, ["name.family", "maritalStatus"], R4)
    # active and link are modifiers: without them the rest could be misread.
    assert cut.keys() == {"resourceType", "id", "meta", "active", "_active", "name", "maritalStatus", "link"}
    assert cut["name"] == [{"family": "Doe"}]


@pytest.mark.parametrize("release", RELEASES.values(), ids=list(RELEASES))
def test_every_built_resource_can_be_summarised(release: Release) -> None:
    folder = Path(__file__).parents[2] / "resources" / "topics" / "ivig-itp" / "fhir" / release.name
    for file in folder.glob("*.json"):
        resource = json.loads(file.read_bytes())
        cut = summary(resource, "true", release)
        assert len(json.dumps(cut)) < len(json.dumps(resource)) + 200
        assert "text" not in cut
