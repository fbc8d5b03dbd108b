"""Findings as text for a failing test to show: one line each, "" when there is none."""

from collections.abc import Iterable

from tests.conformance.corpus import AcceptedWarning
from tests.conformance.official_validator import Finding


def errors(findings: Iterable[Finding]) -> str:
    return "\n".join(str(finding) for finding in findings if finding.is_error)


def unaccepted_warnings(findings: Iterable[Finding], accepted: Iterable[AcceptedWarning]) -> str:
    kinds = tuple(accepted)
    return "\n".join(
        str(finding)
        for finding in findings
        if finding.severity == "warning" and not any(kind.covers(finding) for kind in kinds)
    )
