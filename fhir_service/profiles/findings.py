"""What a validation against profiles has to say, each with the profile and the element that demand it.

https://hl7.org/fhir/R4/operationoutcome.html
"""

from __future__ import annotations

from collections.abc import Iterable

from fhir_service.errors import Issue

from .instance import Node

ERROR, WARNING, INFORMATION = "error", "warning", "information"


class Findings:
    """The issues of one validation, in the order in which they were found.

    `active` holds what is being checked just now, so that a profile that leads back to itself ends.
    """

    __slots__ = ("_issues", "_said", "active")

    def __init__(self, active: set[tuple[str, int]] | None = None) -> None:
        self._issues: list[Issue] = []
        self._said: set[tuple[str, str, str]] = set()
        self.active: set[tuple[str, int]] = set() if active is None else active

    def add(self, severity: str, code: str, message: str, node: Node, source: str) -> None:
        """Say it, once: what a slice and the element that is sliced both demand is one issue."""
        self._add(Issue(severity, code, f"{message} [{source}]", (node.expression,)), message)

    def include(self, issues: Iterable[Issue]) -> None:
        for issue in issues:
            self._add(issue, issue.diagnostics.rpartition(" [")[0])

    def _add(self, issue: Issue, message: str) -> None:
        said = (issue.severity, message, issue.expression[0])
        if said not in self._said:
            self._said.add(said)
            self._issues.append(issue)

    @property
    def issues(self) -> tuple[Issue, ...]:
        return tuple(self._issues)

    @property
    def has_errors(self) -> bool:
        return any(issue.severity == ERROR for issue in self._issues)

    def trial(self) -> Findings:
        """Findings of their own for a check whose outcome only decides what else is checked."""
        return Findings(self.active)
