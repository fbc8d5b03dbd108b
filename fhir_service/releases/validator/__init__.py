"""The gate: one validator compiled from the definitions, for R4, R4B and R5.

https://hl7.org/fhir/R4/validation.html

    validator(R4).validate({"resourceType": "Patient", "gender": "boy"})
    -> [Issue("error", "code-invalid", "`gender`: `boy` is not a code ...", ("Patient.gender",))]

Structure first, in one walk; the invariants, which mean nothing over a broken structure, once that is good.
Checked are elements, cardinality, types, primitive formats, choices, required bindings, reference targets,
contained resources, narratives and the invariants of severity error. Not checked: profiles, extensions' own
definitions, codes of bindings that are not required, displays, and whether what is referred to exists.
docs/agreement.md measures it against the official validator.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from fhir_service.errors import Issue

from .. import RELEASES, Release
from .findings import INVARIANT, STRUCTURE, TOO_LONG, VALUE, Findings, Problem
from .invariants import holds
from .location import JsonPath, expression_of, locations
from .structure import Plans

__all__ = ["Located", "ReleaseGate", "Validator", "validator"]


class Located(NamedTuple):
    """An issue and the JSON path it stands at, for those who have the text."""

    issue: Issue
    json_path: JsonPath


class Validator:
    """Validates the resources of one release; it has no state but its plans."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self._plans = Plans(release)

    def validate(self, resource: Any, *, invariants: bool = True) -> list[Issue]:
        """Return what is wrong with a resource as parsed from JSON, one issue per problem; empty when good.

        :param resource: numbers with a point as Decimal (float is taken as well), others as int
        """
        return [one.issue for one in self.locate(resource, invariants=invariants)]

    def locate(self, resource: Any, *, invariants: bool = True) -> list[Located]:
        """Return the same with JSON paths."""
        findings = Findings()
        self._plans.check_resource(resource, findings, {}, "resource")
        if (
            invariants
            and findings.pending
            and not any(one.code in _NOT_EVALUABLE for one in findings.problems)
        ):
            _evaluate(findings)
        return self._located(resource, findings.problems) if findings.problems else []

    def _located(self, resource: Any, problems: list[Problem]) -> list[Located]:
        if not isinstance(resource, dict):
            return [Located(Issue("error", one.code, one.message), ()) for one in problems]
        places = locations(resource, self.release)
        found: dict[Issue, Located] = {}
        for holder, name, index, code, message in problems:
            place = places.get(id(holder))
            if place is None:
                place = ((), str(resource.get("resourceType") or "Resource"), "")
                name = index = None
            path: JsonPath = place[0]
            expression = place[1]
            if name is not None:
                path = (*path, name) if index is None else (*path, name, index)
                expression = expression_of(place, name, index, self.release)
            issue = Issue("error", code, message, (expression,))
            found.setdefault(issue, Located(issue, path))
        return list(found.values())


_NOT_EVALUABLE = (STRUCTURE, TOO_LONG, VALUE)


def _evaluate(findings: Findings) -> None:
    for rules, type_name, node, sibling, resource, root, holder, name, index in findings.pending:
        for rule in rules:
            if rule.guard is not None and type(node) is dict and rule.guard.isdisjoint(node):
                continue
            if not holds(rule, type_name, node, sibling, resource, root):
                findings.add(INVARIANT, f"{rule.key}: {rule.human}", holder, name, index)


@dataclass(frozen=True)
class ReleaseGate:
    """A release's validator by its name, for another process: it is built where it is first called."""

    release: str

    def __call__(self, resource: Any) -> list[Issue]:
        return validator(RELEASES[self.release]).validate(resource)


@cache
def validator(release: Release) -> Validator:
    """Return the release's validator; there is one, as its plans are worth keeping."""
    return Validator(release)
