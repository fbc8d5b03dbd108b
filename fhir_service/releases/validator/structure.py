"""Plans: what each type allows, compiled once into closures that walk a JSON value.

https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/extensibility.html (ext-1, ele-1)

    Plan.check     one object: each property by its member; then what is missing, ele-1, ext-1
    member         one property: (value, findings, holder, name); repeats, choices, bindings and targets are
                   closures around the member of the type
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from threading import RLock
from typing import Any

from .. import Element, Release
from . import bindings, primitives
from .findings import (
    INVARIANT,
    MAX_DEPTH,
    REQUIRED,
    STRUCTURE,
    TOO_LONG,
    VALUE,
    Contained,
    Findings,
    Pending,
    Scope,
    json_kind,
)
from .invariants import Rules, element_rules, rules_of
from .members import (
    ELEMENT_ID,
    Member,
    One,
    bound,
    code_of,
    has_value,
    is_element_id,
    local_value,
    narrative,
    nothing,
    only_choice,
    outer_extension,
    repeated,
    sibling,
    single,
    targeted,
    value_of,
    with_rules,
)
from .references import (
    check_contained,
    check_contained_meta,
    check_full_url,
    check_full_urls,
    concrete_targets,
)

_ABSTRACT_RESOURCES = frozenset(("Resource", "DomainResource"))
_LOCAL_TYPES = frozenset(("uri", "url", "canonical"))


def _check_extension(node: dict[str, Any], findings: Findings) -> None:
    has_value = any(key.startswith(("value", "_value")) for key in node)
    if has_value == ("extension" in node):
        what = "both" if has_value else "neither"
        findings.add(INVARIANT, f"ext-1: an extension has a value or extensions; this has {what}", node)


def _check_identifier(node: dict[str, Any], findings: Findings) -> None:
    # https://hl7.org/fhir/R4/datatypes.html#Identifier
    value = node.get("value")
    if node.get("system") == "urn:ietf:rfc:3986" and type(value) is str and not primitives.is_absolute(value):
        findings.add(
            VALUE, f"`value` must be an absolute URI, as the system says, not `{value}`", node, "value"
        )


# What a type demands that no element says by itself.
_SPECIAL: dict[str, Callable[[dict[str, Any], Findings], None]] = {
    "Bundle": check_full_urls,
    "Bundle.entry": check_full_url,
    "Extension": _check_extension,
    "Identifier": _check_identifier,
}


class Plan:
    """What a type allows of an object."""

    __slots__ = ("choices", "members", "name", "release", "required", "required_choices", "rules", "special")

    def __init__(self, name: str, release: Release) -> None:
        self.name = name
        self.release = release
        self.members: dict[str, Member] = {}
        self.required: frozenset[str] = frozenset()
        self.required_choices: tuple[tuple[str, frozenset[str]], ...] = ()
        self.choices: dict[str, Element] = {}
        self.rules: Rules = ()
        self.special = _SPECIAL.get(name)

    def check(
        self, node: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None = None
    ) -> None:
        """Check an object that stands in a holder under a name."""
        if type(node) is not dict:
            what = f"must be a JSON object ({self.name}), not {json_kind(node)}"
            findings.add(STRUCTURE, f"`{name}` {what}", holder, name, index)
            return
        if findings.depth >= MAX_DEPTH:
            findings.add(TOO_LONG, f"objects are nested deeper than {MAX_DEPTH}", holder, name, index)
            return
        findings.depth += 1
        members = self.members
        for key, value in node.items():
            member = members.get(key)
            if member is not None:
                member(value, findings, node, key)
            else:
                self._unknown(key, node, findings)
        findings.depth -= 1
        if not self.required <= node.keys():
            self._missing(node, findings)
        for choice, names in self.required_choices:
            if names.isdisjoint(node):
                findings.add(REQUIRED, f"`{choice}[x]` is required in {self.name}", node)
        if self.special is not None:
            self.special(node, findings)
        if len(node) < 2 and (not node or "id" in node):
            self._empty(node, findings, holder, name, index)
        if self.rules:
            for rule in self.rules:
                if rule.guard is None or not rule.guard.isdisjoint(node):
                    scope = findings.scope
                    findings.pending.append(
                        Pending(
                            self.rules, self.name, node, None, scope.resource, scope.root, node, None, None
                        )
                    )
                    break

    def _unknown(self, key: str, node: dict[str, Any], findings: Findings) -> None:
        known = sorted(one for one in self.members if one[0] != "_")
        choice = next((one for one in self.choices.values() if key.startswith(one.name)), None)
        if choice is not None:
            types = ", ".join(sorted(choice.types))
            message = f"`{key}` is not a type of {self.name}.{choice.name}[x]; allowed: {types}"
        else:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean `{near[0]}`? " if near else ""
            message = f"{self.name} has no element `{key}`; {hint}allowed: {', '.join(known[:40])}"
        findings.add(STRUCTURE, message, node, key)

    def _missing(self, node: dict[str, Any], findings: Findings) -> None:
        for key in sorted(self.required):
            if key not in node and f"_{key}" not in node:
                findings.add(REQUIRED, f"`{key}` is required in {self.name}", node)

    def _empty(
        self, node: dict[str, Any], findings: Findings, holder: dict[str, Any], name: str, index: int | None
    ) -> None:
        if node and name.startswith("_") and has_value(holder, name[1:], index):
            return
        findings.add(INVARIANT, f"ele-1: {self.name} must have a value or children", node)


class Plans:
    """The plans of a release, each made when it is first needed together with those it leads to."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self._plans: dict[str, Plan] = {}
        self._building: dict[str, Plan] = {}
        self._lock = RLock()

    def plan(self, type_name: str) -> Plan:
        found = self._plans.get(type_name)
        if found is None:
            with self._lock:
                found = self._plans.get(type_name) or self._build(type_name)
        return found

    def _build(self, type_name: str) -> Plan:
        # Kept before it is filled, as types contain each other; seen by other threads only when all are.
        is_first = not self._building
        built = self._building[type_name] = Plan(type_name, self.release)
        try:
            self._fill(built)
            if is_first:
                self._plans.update(self._building)
        finally:
            if is_first:
                self._building = {}
        return built

    def _part(self, type_name: str) -> Plan:
        return self._plans.get(type_name) or self._building.get(type_name) or self._build(type_name)

    def check_resource(
        self, node: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None = None
    ) -> None:
        """Check a resource that stands by itself: in a Bundle, in Parameters, or alone."""
        outer, findings.scope = findings.scope, Scope(node)
        self._check_typed(node, findings, holder, name, index)
        check_contained(findings.scope, findings)
        findings.scope = outer

    def _check_typed(
        self, node: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None
    ) -> None:
        if type(node) is not dict:
            findings.add(
                STRUCTURE, f"`{name}` must be a resource, not {json_kind(node)}", holder, name, index
            )
            return
        type_name = node.get("resourceType")
        if type(type_name) is not str or type_name not in self.release.resource_types:
            findings.add(STRUCTURE, self._unknown_type(type_name), node)
            return
        self.plan(type_name).check(node, findings, holder, name, index)

    def _unknown_type(self, type_name: Any) -> str:
        if type_name is None:
            return "`resourceType` is missing"
        if type(type_name) is not str:
            return f"`resourceType` must be a string, not {json_kind(type_name)}"
        near = get_close_matches(str(type_name), self.release.resource_types, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"{self.release.label} has no resource type `{type_name}`{hint}"

    def _fill(self, plan: Plan) -> None:
        definition = self.release.type_definition(plan.name)
        required, choices = set(), []
        for element in definition.elements.values():
            names = [name for name, _ in element.json_names]
            both = frozenset(names) | {f"_{name}" for name in names}
            if element.min and element.is_choice:
                choices.append((element.name, both))
            elif element.min:
                required.add(names[0])
            if element.is_choice:
                plan.choices[element.name] = element
            for name, kind in element.json_names:
                self._add_members(plan, element, name, kind, both if element.is_choice else None)
        plan.required = frozenset(required)
        plan.required_choices = tuple(choices)
        if definition.kind == "resource":
            plan.members["resourceType"] = nothing
        plan.rules = rules_of(plan.name, self.release)

    def _add_members(
        self, plan: Plan, element: Element, name: str, kind: str, group: frozenset[str] | None
    ) -> None:
        is_primitive = self.release.type_definition(kind).kind == "primitive-type"
        own = self._primitive(plan, element, kind) if is_primitive else self._complex(plan, element, kind)
        rules = element_rules(plan.name, element.name, kind, self.release)
        if rules:
            own = with_rules(own, rules, kind)
        member = repeated(own, element, is_primitive) if element.repeats else single(own)
        members = {name: member}
        if is_primitive:
            members[f"_{name}"] = sibling(self._part("Element").check, element.repeats)
        for one, checked in members.items():
            plan.members[one] = only_choice(checked, group) if group else checked

    def _primitive(self, plan: Plan, element: Element, kind: str) -> One:
        if kind == "xhtml":
            return narrative
        if element.name == "id" and (kind == "string" or plan.name == "ElementDefinition"):
            return value_of(is_element_id, ELEMENT_ID)
        codes = bindings.required_codes(element, self.release) if kind == "code" else None
        if codes is not None:
            return code_of(codes)
        form = bindings.required_form(element) if kind == "code" else None
        if form is not None:
            matches = form.fullmatch
            return value_of(lambda value: type(value) is str and matches(value), kind)
        test = primitives.accepts(kind, self.release)
        if kind in _LOCAL_TYPES or (plan.name == "Reference" and element.name == "reference"):
            return local_value(test, kind, kind in ("string", "canonical"))
        return value_of(test, kind)

    def _complex(self, plan: Plan, element: Element, kind: str) -> One:
        if kind in _ABSTRACT_RESOURCES:
            return self._contained if element.name == "contained" else self.check_resource
        own: One = self._part(kind).check
        if kind == "Extension" and plan.name != "Extension":
            return outer_extension(own)
        codings = bindings.required_codings(element, self.release)
        if codings is not None and kind in ("Coding", "CodeableConcept"):
            own = bound(own, codings)
        if kind in ("Reference", "CodeableReference"):
            allowed = concrete_targets(element.targets, self.release)
            if allowed is not None:
                own = targeted(own, allowed, self.release, kind == "CodeableReference")
        return own

    def _contained(
        self, node: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None
    ) -> None:
        """Check a contained resource; its `#` references are its container's."""
        outer = findings.scope
        if outer.resource is not outer.root:
            findings.add(
                INVARIANT, "dom-2: a contained resource cannot contain resources", holder, name, index
            )
            return
        before = len(outer.local)
        findings.scope = Scope(node, outer)
        self._check_typed(node, findings, holder, name, index)
        findings.scope = outer
        if type(node) is dict:
            outer.contained.append(Contained(node, any(one.value == "#" for one in outer.local[before:])))
            check_contained_meta(node, findings)
