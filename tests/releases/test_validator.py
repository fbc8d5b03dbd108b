"""The gate, case by case, on each release."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from fhir_service.releases import R4, R4B, R5, RELEASES
from fhir_service.releases.validator import validator
from fhir_service.releases.validator.findings import MAX_DEPTH
from fhir_service.releases.validator.invariants import uncompiled
from fhir_service.releases.validator.narrative import narrative_problems

Resource = dict[str, Any]

PAGES = yaml.safe_load(Path(__file__).with_name("validator_cases.yaml").read_text(encoding="utf-8"))
RESOURCES = Path(__file__).parents[2] / "resources"
XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'

CASES = [
    pytest.param(release, case, id=f"{release}: {page['page'].split(' (')[0]}: {case['title']}")
    for page in PAGES
    if not page.get("narratives")
    for case in page["cases"]
    for release in case.get("releases", RELEASES)
]
NARRATIVES = [
    pytest.param(case, id=case["title"]) for page in PAGES if page.get("narratives") for case in page["cases"]
]


@pytest.mark.parametrize(("release", "case"), CASES)
def test_the_gate_says_what_the_case_says(release: str, case: dict[str, Any]) -> None:
    found = validator(RELEASES[release]).validate(case["resource"])
    said = [(one.code, one.expression[0], one.diagnostics) for one in found]
    expected = case.get("issues", [])
    assert len(said) == len(expected), said
    for code, expression, words in expected:
        assert any(one[:2] == (code, expression) and words in one[2] for one in said), said
    assert all(one.severity == "error" for one in found)


@pytest.mark.parametrize("case", NARRATIVES)
def test_a_narrative_holds_only_what_is_plain(case: dict[str, str]) -> None:
    resource = {"resourceType": "Patient", "text": {"status": "generated", "div": XHTML.format(case["div"])}}
    found = validator(R4).validate(resource)
    if "message" not in case:
        assert found == []
        return
    assert [(one.code, one.expression) for one in found] == [("invariant", ("Patient.text.div",))]
    assert "txt-1" in found[0].diagnostics and case["message"] in found[0].diagnostics


def test_a_narrative_needs_content() -> None:
    assert [key for key, _ in narrative_problems(XHTML.format(" <p>\n</p>"))] == ["txt-2"]


def test_a_narrative_is_a_div_of_xhtml() -> None:
    assert "must be a `div`" in narrative_problems("<p>x</p>")[0][1]
    assert "must be in the namespace" in narrative_problems("<div>x</div>")[0][1]


def test_a_narrative_with_a_document_type_is_not_read_further() -> None:
    bomb = '<!DOCTYPE div [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + XHTML.format("&b;")
    assert narrative_problems(bomb) == [
        ("txt-1", "a document type declaration is not allowed in a narrative")
    ]


def test_a_narrative_nested_without_end_is_not_read_further() -> None:
    assert "nested deeper" in narrative_problems(XHTML.format("<div>" * 5000 + "x" + "</div>" * 5000))[0][1]


def test_objects_nested_without_end_are_not_followed() -> None:
    item: Resource = {"linkId": "last", "type": "display"}
    for number in range(MAX_DEPTH * 20):
        item = {"linkId": str(number), "type": "group", "item": [item]}
    found = validator(R4).validate({"resourceType": "Questionnaire", "status": "draft", "item": [item]})
    assert [one.code for one in found] == ["too-long"]


@pytest.mark.parametrize(
    "resource", [None, [], "Patient", 5, {}, {"resourceType": []}, {"resourceType": None}]
)
def test_what_is_no_resource_is_refused(resource: Any) -> None:
    assert [one.code for one in validator(R4).validate(resource)] == ["structure"]


@pytest.mark.parametrize(
    "value", [None, True, 0, 1.5, Decimal("1.5"), "", "x", [], [None], [[]], {}, {"a": []}]
)
def test_any_json_anywhere_gives_issues_and_no_failure(value: Any) -> None:
    good = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "x"}]},
        "contained": [
            {"resourceType": "Organization", "id": "o", "name": "x", "meta": {"tag": [{"code": "x"}]}}
        ],
        "performer": [{"reference": "#o", "type": "Organization"}],
        "extension": [{"url": "https://education.test/x", "valuePeriod": {"start": "2020"}}],
        "text": {"status": "generated", "div": XHTML.format("x")},
        "_status": {"extension": [{"url": "https://education.test/x", "valueBoolean": True}]},
        "valueQuantity": {"value": Decimal("1.10"), "unit": "x"},
    }
    assert validator(R5).validate(good) == []
    for changed in every_place_set_to(good, value):
        for release in RELEASES.values():
            validator(release).validate(changed)


def every_place_set_to(node: Any, value: Any) -> list[Any]:
    found = [value]
    if isinstance(node, dict):
        found += [{**node, key: one} for key in node for one in every_place_set_to(node[key], value)]
    if isinstance(node, list):
        for index, child in enumerate(node):
            found += [[*node[:index], one, *node[index + 1 :]] for one in every_place_set_to(child, value)]
    return found


def test_a_decimal_may_be_of_any_precision_and_no_other_type() -> None:
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    good: list[Any] = [1, Decimal("1.10"), Decimal("1E-300"), 1.5]
    for value in good:
        assert validator(R4).validate({**observation, "valueQuantity": {"value": value}}) == []
    bad: list[Any] = [True, "1", float("nan")]
    for value in bad:
        assert len(validator(R4).validate({**observation, "valueQuantity": {"value": value}})) == 1


@pytest.mark.parametrize("release", RELEASES)
def test_what_we_built_is_good(release: str) -> None:
    files = sorted(RESOURCES.glob(f"**/fhir/{release}/*.json"))
    assert files
    for file in files:
        resource = json.loads(file.read_bytes(), parse_float=Decimal)
        assert validator(RELEASES[release]).validate(resource) == [], file.name


def test_the_rules_that_cannot_be_run_are_few_and_known() -> None:
    """Each names an element that its type does not have: HL7's mistakes."""
    found = {release.name: sorted({key for _, key, _ in uncompiled(release)}) for release in (R4, R4B, R5)}
    assert found == {"r4": [], "r4b": [], "r5": []}
