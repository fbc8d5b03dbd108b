"""A path that is skipped, for want of the members it begins with, would have given nothing."""

import json

import pytest

from fhir_service.content.published import RESOURCES
from fhir_service.fhir.path import compile_path
from fhir_service.fhir.path.beginnings import beginnings
from fhir_service.fhir.path.grammar import parse
from fhir_service.releases import R4, RELEASES, Release
from fhir_service.search.definitions import SearchParameters


@pytest.mark.parametrize(
    ("type_name", "expression", "expected"),
    [
        ("Patient", "Patient.birthDate", {"birthDate", "_birthDate"}),
        (
            "Patient",
            "Patient.name.where(use = 'official').given | Patient.active",
            {"name", "_name", "active", "_active"},
        ),
        (
            "Condition",
            "Patient.name | Condition.subject.where(resolve() is Patient)",
            {"subject", "_subject"},
        ),
        ("Condition", "Patient.name", set()),
        ("Patient", "Patient.deceased.exists() and Patient.deceased != false", None),
        ("Patient", "Patient", None),
        ("Patient", "Patient.extension('http://x.test').value", None),
        (
            "Patient",
            "(Patient.deceased as dateTime)",
            {"deceasedDateTime", "_deceasedDateTime"},
        ),
        ("Patient", "Patient.where(active)", None),
        ("Patient", "%resource.name", None),
    ],
)
def test_beginnings(type_name: str, expression: str, expected: set[str] | None) -> None:
    assert beginnings(parse(expression), type_name, R4) == expected


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_nothing_that_a_resource_holds_is_skipped(release: Release) -> None:
    parameters = SearchParameters(release)
    skipped = 0
    for file in RESOURCES.rglob(f"fhir/{release.name}/*.json"):
        resource = json.loads(file.read_bytes())
        type_name = resource["resourceType"]
        for parameter in parameters.evaluated(type_name):
            path = compile_path(parameter.expression, type_name, release)
            items = path.evaluate((type_name, resource, None))
            whole = [(name, value) for name, value, _ in items if value is not None]
            assert path(resource) == whole, (file.name, parameter.code)
            skipped += not whole
    assert skipped > 100


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_an_empty_resource_gives_nothing_to_what_has_beginnings(release: Release) -> None:
    parameters = SearchParameters(release)
    checked = 0
    for type_name in release.resource_types:
        for parameter in parameters.evaluated(type_name):
            if beginnings(parse(parameter.expression), type_name, release) is not None:
                path = compile_path(parameter.expression, type_name, release)
                assert path.evaluate((type_name, {"resourceType": type_name}, None)) == [], parameter
                checked += 1
    assert checked > 1_000


@pytest.mark.parametrize(
    ("expression", "member", "expected"),
    [
        ("Observation", "status", True),
        ("Observation | Observation.component", "status", True),
        ("Observation | Observation.component", "component", False),
        ("Observation.component", "status", True),
        ("Observation.where(status = 'final')", "status", False),
    ],
)
def test_what_gives_nothing_but_the_resource_itself(expression: str, member: str, expected: bool) -> None:
    assert compile_path(expression, "Observation", R4).gives_itself_alone([member]) is expected
