"""What we build is valid in the eyes of HL7's own validator, which first proves that it can say no.

https://hl7.org/fhir/R4/validation.html
"""

import re

import pytest

from fhir_service.content.source import load_sources
from tests.conformance.corpus import (
    RELEASES,
    AcceptedWarning,
    BrokenCase,
    accepted_warnings,
    adverse_events,
    broken_cases,
    built_resources,
    sound_resources,
    topic_in_two_languages,
)
from tests.conformance.official_validator import Finding, Job, OfficialValidator
from tests.conformance.reports import errors, unaccepted_warnings
from tests.content.retired import build_retired

pytestmark = pytest.mark.xdist_group("official-validator")


@pytest.fixture(scope="module")
def broken_findings(official_validator: OfficialValidator) -> list[Finding]:
    return official_validator.validate_all(case.job for case in broken_cases())


def test_the_sound_twins_of_the_broken_resources_pass(official_validator: OfficialValidator) -> None:
    findings = official_validator.validate_all(sound_resources())
    assert errors(findings) == ""
    assert unaccepted_warnings(findings, accepted_warnings()) == ""


@pytest.mark.parametrize("case", broken_cases(), ids=lambda case: f"{case.job.release}: {case.job.name}")
def test_a_broken_resource_is_refused_for_its_own_fault(
    case: BrokenCase, broken_findings: list[Finding]
) -> None:
    said = errors(finding for finding in broken_findings if finding.name == case.job.name)
    assert re.search(case.refused_for, said), f"expected {case.refused_for!r}, heard: {said}"


@pytest.mark.parametrize("release", RELEASES)
def test_there_is_something_to_validate(release: str) -> None:
    assert built_resources(release)
    assert len(adverse_events(release)) > 1


def test_no_built_resource_has_an_error(built_findings: list[Finding]) -> None:
    assert errors(built_findings) == ""


def test_built_resources_warn_only_of_what_is_accepted(built_findings: list[Finding]) -> None:
    assert unaccepted_warnings(built_findings, accepted_warnings()) == ""


def test_a_retired_topic_has_no_error(official_validator: OfficialValidator) -> None:
    built = build_retired(load_sources())
    jobs = (
        Job(release, f"retired {resource['resourceType']}/{resource['id']}", resource)
        for release, resources in built.items()
        for resource in resources
    )
    findings = official_validator.validate_all(jobs)
    assert errors(findings) == ""
    assert unaccepted_warnings(findings, accepted_warnings()) == ""


def test_adverse_events_conform_to_our_profile(adverse_event_findings: list[Finding]) -> None:
    """Coded from our list, coded outside it, unlisted, and in words only (F32)."""
    assert errors(adverse_event_findings) == ""
    assert unaccepted_warnings(adverse_event_findings, accepted_warnings()) == ""


def test_a_topic_in_two_languages_has_no_error(official_validator: OfficialValidator) -> None:
    jobs = topic_in_two_languages()
    assert {job.release for job in jobs if job.name == "Composition/hand-washing-education-es"} == {*RELEASES}
    found = official_validator.validate_all(jobs)
    assert errors(found) == ""
    assert unaccepted_warnings(found, accepted_warnings()) == ""


def test_at_most_ten_kinds_of_warning_are_accepted_and_none_is_about_structure() -> None:
    assert len(accepted_warnings()) <= 10
    for accepted in accepted_warnings():
        assert accepted.reason
        # Terminology that is not there offline; "" is terminology without an id.
        assert re.fullmatch(
            "|Terminology_TX_.*|TERMINOLOGY_TX_.*|Terminology_PassThrough_TX_Message|CONCEPTMAP_GROUP_TARGET_.*",
            accepted.message_id,
        ), accepted.kind


def test_every_accepted_kind_of_warning_still_occurs(
    built_findings: list[Finding], adverse_event_findings: list[Finding], walk_findings: list[Finding]
) -> None:
    findings = [*built_findings, *adverse_event_findings, *walk_findings]
    assert [kind.kind for kind in unused(accepted_warnings(), findings)] == []


def unused(kinds: tuple[AcceptedWarning, ...], findings: list[Finding]) -> list[AcceptedWarning]:
    return [kind for kind in kinds if not any(kind.covers(finding) for finding in findings)]
