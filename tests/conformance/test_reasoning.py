"""Whatever a definition gives when it is applied is valid: ours, HL7's examples, and every case.

https://hl7.org/fhir/R4/plandefinition-operation-apply.html
"""

from collections.abc import Iterator

import pytest

from fhir_service.reasoning import data_requirements
from fhir_service.releases import RELEASES
from tests.conformance.official_validator import Finding, Job, OfficialValidator
from tests.conformance.reports import errors
from tests.conformance.test_scenarios import NOT_OURS
from tests.reasoning import applying
from tests.reasoning.hl7_definitions import definitions
from tests.reasoning.test_apply import EVERY
from tests.reasoning.test_hl7_examples import APPLY, ROWS

pytestmark = pytest.mark.xdist_group("official-validator")


def of_cases() -> Iterator[Job]:
    for name, case, release in EVERY:
        if "gives" in case:
            given = applying.apply_case(case, release)
            yield Job(release, name, given["result"] if "result" in given else given["made"][0])


def of_hl7() -> Iterator[Job]:
    for row, release in ROWS:
        if row.get("applies"):
            every = definitions(release)
            type_name, _, logical_id = row["definition"].partition("/")
            found = next(one for one in every if (one["resourceType"], one["id"]) == (type_name, logical_id))
            yield Job(release, row["definition"], APPLY[type_name](found, applying.inputs(release, every)))


def of_requirements() -> Iterator[Job]:
    for case in applying.cases("data_requirements"):
        for release in case.get("releases", RELEASES):
            find = applying.finder(case.get("with", []))
            yield Job(release, case["name"], data_requirements(case["of"], find, RELEASES[release]))


def wrong(findings: list[Finding]) -> str:
    return errors(finding for finding in findings if finding.message_id not in NOT_OURS)


def test_what_the_cases_give_has_no_error(official_validator: OfficialValidator) -> None:
    jobs = list(of_cases())
    assert {job.release for job in jobs} == set(RELEASES)
    assert wrong(official_validator.validate_all(jobs)) == ""


def test_what_definitions_need_has_no_error(official_validator: OfficialValidator) -> None:
    jobs = list(of_requirements())
    assert {job.release for job in jobs} == set(RELEASES)
    assert wrong(official_validator.validate_all(jobs)) == ""


def test_what_hl7s_examples_give_has_no_error(official_validator: OfficialValidator) -> None:
    jobs = list(of_hl7())
    assert {job.release for job in jobs} == set(RELEASES)
    assert wrong(official_validator.validate_all(jobs)) == ""
