"""Constraints: the FHIRPath rules that a profile adds to those of its release.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

from collections.abc import Callable

from fhir_service.fhir.path import EvaluationError, PathError, UnsupportedExpression, compile_path
from fhir_service.fhir.path.runtime import boolean
from fhir_service.releases import Element, Release

from .findings import ERROR, WARNING, Findings
from .instance import Node
from .tree import Definition, core_type

Check = Callable[[Node, Findings], None]


def constraint_checks(
    definition: Definition, base: Element | None, types: tuple[str, ...], release: Release, source: str
) -> list[Check]:
    """Return a check for each rule of the element that is the profile's own."""
    known = _keys_of_the_release(definition, base, types, release)
    return [
        _check(one, release, source)
        for one in definition.get("constraint", ())
        if one.get("key") not in known and not core_type(str(one.get("source")), release)
    ]


def _keys_of_the_release(
    definition: Definition, base: Element | None, types: tuple[str, ...], release: Release
) -> set[str]:
    """The keys of the rules that hold for every instance; the gate has run them."""
    paths = {str((definition.get("base") or {}).get("path"))} | set(base.types if base else ())
    for name in types:
        current: str | None = name
        while current in release.type_names and current is not None:
            paths.add(current)
            current = release.type_definition(current).base
    return {one.key for path in paths for one in release.invariants(path)}


def _check(constraint: Definition, release: Release, source: str) -> Check:
    key, expression = str(constraint.get("key")), constraint.get("expression")
    severity = ERROR if constraint.get("severity") == "error" else WARNING

    def check(node: Node, findings: Findings) -> None:
        if type(expression) is not str:
            findings.add(WARNING, "not-supported", f"{key} is not checked: it has no FHIRPath", node, source)
            return
        try:
            path = compile_path(expression, node.type, release)
            met = boolean(path.evaluate(node.item, node.resource, node.root, node.resolve)) is not False
        except (UnsupportedExpression, EvaluationError, PathError) as error:
            findings.add(WARNING, "not-supported", f"{key} is not checked: {error}", node, source)
            return
        if not met:
            findings.add(severity, "invariant", f"{key}: {constraint.get('human')}", node, source)

    return check
