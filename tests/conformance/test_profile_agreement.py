"""A seeded sample of profile_agreement: what the official validator said, said again by us."""

import pytest

from fhir_service.releases import RELEASES
from tests.conformance.profile_agreement import SAMPLE, added_issues, read_sample


@pytest.mark.parametrize("release", RELEASES)
def test_profiles_and_the_official_validator_agree(release: str) -> None:
    profiles, every = read_sample(release)
    assert len(every) == SAMPLE
    assert SAMPLE / 2 <= sum(refused for _, refused in every) <= SAMPLE * 0.9
    differing = [
        (case[1:4], refused)
        for case, refused in every
        if bool(added_issues(profiles, case, "error")) != refused
    ]
    assert len(differing) <= SAMPLE // 100, differing
