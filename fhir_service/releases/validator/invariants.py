"""The definitions' invariants: compiled FHIRPath, and when one is worth running.

https://hl7.org/fhir/R4/conformance-rules.html#constraints

Many rules say `x.exists() implies ...` or `x.empty() or ...`: without `x` they hold. That is read off the
expression's tree, and `x` becomes the rule's guard: an object without it does not run the rule.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fhir_service.fhir.path import EvaluationError, Path, UnsupportedExpression, compile_path
from fhir_service.fhir.path.grammar import Binary, Call, Index, Member, Name, Node, parse
from fhir_service.fhir.path.runtime import boolean

from .. import Invariant, Release

WRITTEN_OUT = frozenset(
    ("bdl-15", "ele-1", "ext-1", "dom-2", "dom-3", "dom-4", "dom-5", "ref-1", "txt-1", "txt-2")
)
"""Checked in structure.py, references.py and narrative.py, because they hold for nearly every object."""

Guard = frozenset[str] | None


class Rule(NamedTuple):
    """One invariant of severity error, ready to run."""

    key: str
    human: str
    path: Path
    guard: Guard
    """JSON names of which one must be there, or else the rule holds; None: it must always be run."""


Rules = tuple[Rule, ...]


def rules_of(type_name: str, release: Release) -> Rules:
    """Return the rules for instances of a type: its own and those of the types it derives from."""
    found: dict[str, Rule] = {}
    for ancestor in _ancestors(type_name, release):
        for rule in compile_rules(release.invariants(ancestor), type_name, release):
            found.setdefault(rule.key, rule)
    return tuple(found.values())


def element_rules(type_name: str, element: str, kind: str, release: Release) -> Rules:
    """Return what is demanded of one element beside what its type demands."""
    found: Rules = ()
    if kind not in release.type_names or f"{type_name}.{element}" in release.type_names:
        return found  # a backbone element: its path is its type
    for ancestor in _ancestors(type_name, release):
        for name in (f"{ancestor}.{element}", f"{ancestor}.{element}[x]"):
            found += compile_rules(release.invariants(name), kind, release)
    return found


def compile_rules(invariants: tuple[Invariant, ...], type_name: str, release: Release) -> Rules:
    rules = []
    for one in invariants:
        if one.severity != "error" or one.key in WRITTEN_OUT:
            continue
        try:
            path = compile_path(one.expression, type_name, release)
        except UnsupportedExpression:
            continue  # it names elements that the type does not have: `uncompiled` lists these
        rules.append(Rule(one.key, one.human, path, _guard(one.expression, type_name, release)))
    return tuple(rules)


def uncompiled(release: Release) -> list[tuple[str, str, str]]:
    """List (type, key, reason) of the rules that cannot be run."""
    found = []
    for type_name in sorted(release.type_names):
        for one in release.invariants(type_name):
            if one.severity == "error" and one.key not in WRITTEN_OUT:
                try:
                    compile_path(one.expression, type_name, release)
                except UnsupportedExpression as error:
                    found.append((type_name, one.key, str(error)))
    return found


def holds(
    rule: Rule, type_name: str, node: Any, sibling: Any, resource: dict[str, Any], root: dict[str, Any]
) -> bool:
    """Say whether a node meets a rule. Nothing at all counts as yes, as HL7's validator takes it (bdl-8)."""
    try:
        return boolean(rule.path.evaluate((type_name, node, sibling), resource, root)) is not False
    except EvaluationError:
        return True  # the expression does not fit this data, which does not make the data wrong


def _ancestors(type_name: str, release: Release) -> list[str]:
    found = []
    current: str | None = type_name
    while current is not None:
        found.append(current)
        current = release.type_definition(current).base
    return found


def _guard(expression: str, type_name: str, release: Release) -> Guard:
    elements = release.type_definition(type_name).elements
    names = _true_without(parse(expression))
    if names is None or not names <= elements.keys():
        return None
    json_names = {name for one in names for name, _ in elements[one].json_names}
    return frozenset(json_names | {f"_{name}" for name in json_names})


def _true_without(node: Node) -> frozenset[str] | None:
    """Return elements without which the expression is surely true, or None."""
    if isinstance(node, Binary):
        left, right = _true_without(node.left), _true_without(node.right)
        if node.operator == "and":
            return None if left is None or right is None else left | right
        if node.operator == "or":
            return left if left is not None else right
        if node.operator == "implies":
            premise = _false_without(node.left)
            return premise if premise is not None else right
        return None
    if isinstance(node, Member) and isinstance(node.step, Call):
        if node.step.name in ("empty", "all", "isDistinct"):
            return _first_step(node.target)
        if node.step.name == "not":
            return _false_without(node.target)
    return None


def _false_without(node: Node) -> frozenset[str] | None:
    """Return elements without which the expression is surely false, or None."""
    if isinstance(node, Binary) and node.operator == "and":
        left = _false_without(node.left)
        return left if left is not None else _false_without(node.right)
    if isinstance(node, Binary) and node.operator == "or":
        left, right = _false_without(node.left), _false_without(node.right)
        return None if left is None or right is None else left | right
    if isinstance(node, Member) and isinstance(node.step, Call) and node.step.name in ("exists", "hasValue"):
        return _first_step(node.target)
    if isinstance(node, Member) and isinstance(node.step, Call) and node.step.name == "not":
        return _true_without(node.target)
    return None


_KEEP_NOTHING_EMPTY = frozenset(
    ("where", "ofType", "as", "first", "last", "tail", "select", "trace", "resolve")
)


def _first_step(node: Node) -> frozenset[str] | None:
    """Return the element a path starts from, when each step gives nothing for nothing."""
    while True:
        if isinstance(node, Name):
            return frozenset((node.name,)) if node.name[0].islower() else None
        if isinstance(node, Index):
            node = node.target
        elif isinstance(node, Member):
            if isinstance(node.step, Call) and node.step.name not in _KEEP_NOTHING_EMPTY:
                return None
            if (
                isinstance(node.target, Name)
                and node.target.name[0].isupper()
                and isinstance(node.step, Name)
            ):
                return frozenset((node.step.name,))  # `Appointment.start`
            node = node.target
        else:
            return None
