"""Plans: what a profile demands of each element beyond what its release does, compiled once into closures.

https://hl7.org/fhir/R4/elementdefinition.html

What the release demands of every instance is the gate's (releases/validator): a profile's snapshot repeats
it, and it is left out here, so that nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fhir_service.releases import Element

from .bindings import bindings_of, check_binding
from .constraints import constraint_checks
from .findings import ERROR, WARNING, Findings
from .instance import Node, element_of
from .references import check_targets
from .slicing import Slicing
from .tree import Definition, ElementNode, core_type, profiles_of
from .values import fits, is_at_least, is_at_most, is_fixed, shown

if TYPE_CHECKING:
    from . import Profile, Profiles

Check = Callable[[Node, Findings], None]

_UNTYPED = frozenset(("BackboneElement", "Element"))


class ElementPlan:
    """One element, or one slice of it: how often it stands in its parent, and what each value must be."""

    def __init__(
        self, tree: ElementNode, name: str, types: tuple[str, ...], base: Element | None, profile: Profile
    ) -> None:
        self.tree = tree
        self.name = name
        self.profile = profile
        self.profiles: Profiles = profile.profiles
        self.source = f"{profile.canonical}#{tree.id}"
        self.base = base
        codes = tuple(
            code for one in tree.types if (code := str(one.get("code"))) in self.profiles.release.type_names
        )
        self.types = types if not codes or _UNTYPED.intersection(codes) else codes
        """Those that the values can have."""
        self.minimum = _least(tree, base)
        self.maximum = _most(tree, base)
        self.checks = self._compile()

    @cached_property
    def slicing(self) -> Slicing | None:
        slices = [
            ElementPlan(piece, self.name, self.types, self.base, self.profile)
            for piece in self.tree.slices.values()
        ]
        return Slicing(self.tree, slices, self.profiles, self.source) if slices else None

    @cached_property
    def children(self) -> tuple[ElementPlan, ...]:
        return tuple(self._child(name, tree) for name, tree in _settled(self._held(), self))

    def check(self, parent: Node, nodes: list[Node], findings: Findings, *, at_least: bool = True) -> None:
        """Check the values that an element has in its parent, or those of them that a slice takes."""
        what = (
            f"the slice {self.tree.slice_name} of `{self.name}`" if self.tree.slice_name else f"`{self.name}`"
        )
        if at_least and len(nodes) < self.minimum:
            code = "required" if not nodes else "structure"
            message = f"{what} must be there at least {_times(self.minimum)}, not {len(nodes)}"
            findings.add(ERROR, code, message, parent, self.source)
        if self.maximum is not None and len(nodes) > self.maximum:
            message = f"{what} may be there {_times(self.maximum)} at most, not {len(nodes)}"
            findings.add(ERROR, "structure", message, nodes[self.maximum], self.source)
        if self.slicing is not None:
            self.slicing.check(parent, nodes, findings)
        for node in nodes:
            self.check_value(node, findings)

    def check_value(self, node: Node, findings: Findings) -> None:
        for check in self.checks:
            check(node, findings)
        for child in self.children:
            child.check(node, self.profiles.values(node, child.name), findings)

    def _held(self) -> ElementNode:
        """The element that has the children: another one of the profile when this refers to its content."""
        reference = self.tree.definition.get("contentReference")
        if type(reference) is str and not self.tree.children:
            return self.profile.whole.find(reference.rpartition("#")[2]) or self.tree
        return self.tree

    def _child(self, name: str, tree: ElementNode) -> ElementPlan:
        release = self.profiles.release
        bases = [found for one in self.types if (found := element_of(one, name, release))]
        base = bases[0] if bases else None
        return ElementPlan(tree, name, base.types if base else (), base, self.profile)

    def _compile(self) -> list[Check]:
        definition = self.tree.definition
        found: list[Check] = [*self._type_checks()]
        fixed, pattern = self.tree.value_of("fixed"), self.tree.value_of("pattern")
        if fixed is not None:
            found.append(
                self._demand(lambda value: is_fixed(value, fixed), f"must be exactly {shown(fixed)}")
            )
        if pattern is not None:
            found.append(
                self._demand(lambda value: fits(value, pattern), f"must have all of {shown(pattern)}")
            )
        for prefix, holds, word in (("minValue", is_at_least, "least"), ("maxValue", is_at_most, "most")):
            bound = self.tree.value_of(prefix)
            if bound is not None:
                found.append(self._bounded(bound, holds, word))
        longest = definition.get("maxLength")
        if type(longest) is int:
            found.append(
                self._demand(
                    lambda value: type(value) is not str or len(value) <= longest,
                    f"may have {longest} characters at most",
                )
            )
        found.extend(self._bound(strength, value_set) for strength, value_set in self._bindings())
        found.extend(constraint_checks(definition, self.base, self.types, self.profiles.release, self.source))
        return found

    def _type_checks(self) -> list[Check]:
        found: list[Check] = []
        base = self.base.types if self.base else ()
        if self.base is not None and set(self.types) != set(base):
            found.append(self._typed)
        if any(self._profiles_of(one) for one in self.tree.types):
            found.append(self._conforming)
        targets = tuple(
            url for one in self.tree.types for url in one.get("targetProfile", ()) if type(url) is str
        )
        if targets and not self._are_the_bases(targets):
            found.append(self._targeting(targets))
        return found

    def _typed(self, node: Node, findings: Findings) -> None:
        release = self.profiles.release
        if node.type in self.types or any(
            release.type_definition(one).kind == "resource" and release.is_a(node.type, one)
            for one in self.types
        ):
            return
        message = f"`{self.name}` is of the type {node.type}; allowed: {', '.join(self.types)}"
        findings.add(ERROR, "structure", message, node, self.source)

    def _profiles_of(self, declared: Definition) -> list[str]:
        return [url for url in profiles_of(declared) if not core_type(url, self.profiles.release)]

    def _conforming(self, node: Node, findings: Findings) -> None:
        """Demand one of the profiles that the definition names for the value's type."""
        release = self.profiles.release
        canonicals = [
            url
            for one in self.tree.types
            if release.is_a(node.type, str(one.get("code")))
            for url in self._profiles_of(one)
        ]
        if not canonicals:
            return
        known = {url: self.profiles.profile(url) for url in canonicals}
        if None in known.values():
            names = ", ".join(url for url, one in known.items() if one is None)
            message = f"`{self.name}` is not checked against {names}: that is not known here"
            findings.add(WARNING, "not-supported", message, node, self.source)
            return
        trials = []
        for one in known.values():
            assert one is not None
            trial = findings.trial()
            one.check(node, trial)
            if not trial.has_errors:
                findings.include(trial.issues)
                return
            trials.append(trial)
        if len(trials) > 1:
            message = f"`{self.name}` conforms to none of {', '.join(canonicals)}"
            findings.add(ERROR, "structure", message, node, self.source)
        findings.include(trials[0].issues)

    def _are_the_bases(self, targets: tuple[str, ...]) -> bool:
        named = {core_type(url, self.profiles.release) for url in targets}
        return None not in named and named == set(self.base.targets or ("Resource",) if self.base else ())

    def _targeting(self, targets: tuple[str, ...]) -> Check:
        def check(node: Node, findings: Findings) -> None:
            if node.type in ("Reference", "CodeableReference"):
                check_targets(node, targets, self.profiles, findings, self.source)

        return check

    def _bindings(self) -> list[tuple[str, str]]:
        """The bindings that are the profile's own."""
        own = self.base.binding if self.base else None
        return [
            (strength, value_set)
            for strength, value_set in bindings_of(self.tree.definition)
            if own is None or (strength, value_set.partition("|")[0]) != (own.strength, own.value_set)
        ]

    def _bound(self, strength: str, value_set: str) -> Check:
        def check(node: Node, findings: Findings) -> None:
            check_binding(
                node,
                strength,
                value_set,
                self.profiles.is_member,
                self.profiles.release,
                findings,
                self.source,
            )

        return check

    def _demand(self, holds: Callable[[object], bool], words: str) -> Check:
        def check(node: Node, findings: Findings) -> None:
            if not holds(node.value):
                found = "" if node.value is None else f", not {shown(node.value)}"
                findings.add(ERROR, "value", f"`{self.name}` {words}{found}", node, self.source)

        return check

    def _bounded(self, bound: Any, holds: Callable[[Any, Any], bool | None], word: str) -> Check:
        def check(node: Node, findings: Findings) -> None:
            if node.value is None:
                return
            found = holds(node.value, bound)
            if found is None:
                message = f"`{self.name}` cannot be compared with its bound, at {word} {shown(bound)}"
                findings.add(WARNING, "not-supported", message, node, self.source)
            elif not found:
                message = f"`{self.name}` must be at {word} {shown(bound)}, not {shown(node.value)}"
                findings.add(ERROR, "value", message, node, self.source)

        return check


def _least(tree: ElementNode, base: Element | None) -> int:
    least = tree.definition.get("min", 0)
    if tree.slice_name or base is None or type(least) is not int:
        return least if type(least) is int else 0
    return least if least > base.min else 0


def _most(tree: ElementNode, base: Element | None) -> int | None:
    most = tree.definition.get("max")
    if type(most) is not str or not most.isdigit():
        return None
    if base is not None and base.max is not None and int(most) >= base.max:
        return None
    return int(most)


def _settled(tree: ElementNode, plan: ElementPlan) -> list[tuple[str, ElementNode]]:
    """The children by the names of elements: `valueQuantity` is a slice of `value[x]`."""
    release = plan.profiles.release
    found: dict[str, ElementNode] = {}
    for key, node in tree.children.items():
        name = key.removesuffix("[x]")
        held = _choice_of(name, plan)
        if held is None or element_of(plan.types[0], name, release) is not None:
            found[name] = node
            continue
        whole, kind = held
        choice = found.get(whole)
        if choice is None:
            choice = found[whole] = tree.children.get(f"{whole}[x]") or ElementNode(f"{tree.id}.{whole}[x]")
        node.slice_name = name
        node.definition = {"type": [{"code": kind}], **node.definition}
        choice.slices[name] = node
    return list(found.items())


def _choice_of(name: str, plan: ElementPlan) -> tuple[str, str] | None:
    """The element and the type of a name such as `valueQuantity`."""
    for one in plan.types:
        if one in plan.profiles.release.type_names:
            held = plan.profiles.release.type_definition(one).json_names.get(name)
            if held is not None and held[0].is_choice:
                return held[0].name, held[1]
    return None


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
