"""Every body that the service answers with is valid FHIR, errors included."""

import pytest

from tests.conformance.corpus import accepted_warnings
from tests.conformance.official_validator import Finding
from tests.conformance.reports import errors, unaccepted_warnings
from tests.conformance.walk import Answer

pytestmark = pytest.mark.xdist_group("official-validator")


def test_every_request_of_the_walk_has_the_status_it_should(walked: list[Answer]) -> None:
    wrong = [
        f"{answer.job.name}: {answer.status} instead of {answer.expected_status}"
        for answer in walked
        if answer.status != answer.expected_status
    ]
    assert not wrong, "\n".join(wrong)


def test_no_answer_has_an_error(walk_findings: list[Finding]) -> None:
    assert errors(walk_findings) == ""


def test_answers_warn_only_of_what_is_accepted(walk_findings: list[Finding]) -> None:
    assert unaccepted_warnings(walk_findings, accepted_warnings()) == ""
