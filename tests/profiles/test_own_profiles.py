"""Our own profiles and extensions, on cases that the official validator has judged (broken.yaml)."""

from __future__ import annotations

from functools import cache

import pytest

from fhir_service.profiles import Profiles
from fhir_service.releases import RELEASES
from fhir_service.releases.validator import validator
from tests.conformance.corpus import adverse_events, broken_cases, built_resources, sound_resources
from tests.conformance.official_validator import Job, Resource
from tests.conformance.profile_cases import Definitions

ACCEPTED = {
    "a profile that nobody defined": "a warning: only its harness, which has all of our base, knows that",
    "an extension nobody defined": "an information: FHIR lets anybody add extensions, the harness does not",
    "a reference to nothing": "whether what is referred to exists is not validated",
    "a local code that our code system does not have": "a warning, as the binding is extensible",
}
"""What the official validator refuses and we do not, with the reason; docs/profiles.md says the same."""


@cache
def profiles(release: str) -> Profiles:
    definitions = Definitions(RELEASES[release], (job.resource for job in built_resources(release)))
    return Profiles(RELEASES[release], definitions.structure, definitions.is_member)


def errors(release: str, resource: Resource) -> list[str]:
    found = validator(RELEASES[release]).validate(resource) or profiles(release).validate(resource)
    return [one.diagnostics for one in found if one.severity == "error"]


@pytest.mark.parametrize("release", RELEASES)
def test_adverse_events_conform_to_our_profile(release: str) -> None:
    found = {job.name: errors(release, job.resource) for job in adverse_events(release)}
    assert found == dict.fromkeys(found, [])


@pytest.mark.parametrize("release", RELEASES)
def test_an_adverse_event_in_words_only_is_a_warning_as_the_binding_is_extensible(release: str) -> None:
    (words,) = (job.resource for job in adverse_events(release) if "text-only" in job.name)
    code = "code" if release == "r5" else "event"
    (issue,) = profiles(release).validate(words)
    assert (issue.severity, issue.code, issue.expression) == (
        "warning",
        "code-invalid",
        (f"AdverseEvent.{code}",),
    )
    assert issue.diagnostics.endswith(f"ivig-itp-adverse-event|0.1.0#AdverseEvent.{code}]")


@pytest.mark.parametrize("job", sound_resources(), ids=lambda job: f"{job.release}: {job.name}")
def test_what_the_official_validator_accepts_is_accepted(job: Job) -> None:
    assert errors(job.release, job.resource) == []


@pytest.mark.parametrize(
    "job", [case.job for case in broken_cases()], ids=lambda job: f"{job.release}: {job.name}"
)
def test_what_the_official_validator_refuses_is_refused(job: Job) -> None:
    found = profiles(job.release).validate(job.resource)
    if job.name in ACCEPTED:
        assert errors(job.release, job.resource) == []
        assert found or "reference" in job.name
    else:
        assert errors(job.release, job.resource) != []


@pytest.mark.parametrize("release", RELEASES)
def test_all_that_we_build_conforms_to_what_it_claims(release: str) -> None:
    found = {job.name: errors(release, job.resource) for job in built_resources(release)}
    assert found == dict.fromkeys(found, [])
