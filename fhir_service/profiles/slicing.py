"""Slices: which value belongs to which, how many there are of each, in what order, and whether others may be.

https://hl7.org/fhir/R4/profiling.html#slicing
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .discriminators import Matches, Undiscriminated, all_of, matcher
from .findings import ERROR, WARNING, Findings
from .instance import Node
from .tree import Definition, ElementNode

if TYPE_CHECKING:
    from . import Profiles
    from .plans import ElementPlan

REST = "@default"
"""The name of the slice that takes what no other one takes."""


class Slicing:
    """The slices of one element, each with its plan and with what tells its values."""

    def __init__(self, tree: ElementNode, slices: list[ElementPlan], profiles: Profiles, source: str) -> None:
        declared: Definition = tree.definition.get("slicing") or _implied(tree)
        self.source = source
        self.name = tree.id.rpartition(".")[2]
        self.is_ordered = declared.get("ordered") is True
        self.rules = str(declared.get("rules", "open"))
        self.slices = slices
        self.reason = ""
        self.matchers: list[Matches] = []
        self.by_position = [one.get("type") for one in declared.get("discriminator", ())] == ["position"]
        try:
            self.matchers = [] if self.by_position else [
                _matches(one.tree, declared, profiles) for one in slices
            ]  # fmt: skip
        except Undiscriminated as error:
            self.reason = str(error)

    def check(self, parent: Node, nodes: list[Node], findings: Findings) -> list[Node]:
        """Check the values; returns those that belong to no slice."""
        if self.reason:
            if nodes or any(one.minimum for one in self.slices):
                message = f"the slices of `{self.name}` are not checked: {self.reason}"
                findings.add(WARNING, "not-supported", message, parent, self.source)
            return nodes
        taken, unknown = self._sorted(nodes, findings)
        self._check_rules(nodes, taken, unknown, findings)
        for number, plan in enumerate(self.slices):
            own = [node for node in nodes if taken.get(id(node)) == number]
            for node in unknown:
                message = f"whether it belongs to the slice {plan.tree.slice_name} cannot be told here"
                findings.add(WARNING, "not-supported", message, node, plan.source)
            plan.check(parent, own, findings, at_least=not unknown)
        return [node for node in nodes if id(node) not in taken]

    def _sorted(self, nodes: list[Node], findings: Findings) -> tuple[dict[int, int], list[Node]]:
        """Which slice each value belongs to, and the values of which that cannot be told."""
        if self.by_position:
            last = len(self.slices) - 1
            return {id(node): min(place, last) for place, node in enumerate(nodes)}, []
        taken: dict[int, int] = {}
        unknown = []
        rest = next((n for n, one in enumerate(self.slices) if one.tree.slice_name == REST), None)
        for node in nodes:
            answers = [matches(node) for matches in self.matchers]
            found = [number for number, answer in enumerate(answers) if answer and number != rest]
            if len(found) > 1:
                names = ", ".join(self.slices[number].tree.slice_name for number in found)
                message = f"it belongs to more than one slice: {names}"
                findings.add(ERROR, "structure", message, node, self.source)
            if found:
                taken[id(node)] = found[0]
            elif None in answers:
                unknown.append(node)
            elif rest is not None:
                taken[id(node)] = rest
        return taken, unknown

    def _check_rules(
        self, nodes: list[Node], taken: dict[int, int], unknown: list[Node], findings: Findings
    ) -> None:
        names = ", ".join(one.tree.slice_name for one in self.slices)
        others = [node for node in nodes if id(node) not in taken and node not in unknown]
        if self.rules == "closed":
            for node in others:
                message = f"it belongs to none of the slices, and the slicing is closed: {names}"
                findings.add(ERROR, "structure", message, node, self.source)
        elif self.rules == "openAtEnd" and others:
            after = nodes[nodes.index(others[0]) :]
            if any(id(node) in taken for node in after):
                message = f"what belongs to none of the slices must stand at the end: {names}"
                findings.add(ERROR, "structure", message, others[0], self.source)
        if self.is_ordered:
            highest = -1
            for node in nodes:
                number = taken.get(id(node), highest)
                if number < highest:
                    message = f"it must stand before the slices after it, in the order {names}"
                    findings.add(ERROR, "structure", message, node, self.source)
                highest = max(highest, number)


def _matches(tree: ElementNode, declared: Definition, profiles: Profiles) -> Matches:
    if tree.slice_name == REST:
        return lambda node: False
    discriminators = declared.get("discriminator")
    if not isinstance(discriminators, list) or not discriminators:
        raise Undiscriminated("it has no discriminator")
    return all_of([matcher(one.get("type"), one.get("path"), tree, profiles) for one in discriminators])


def _implied(tree: ElementNode) -> Definition:
    """What the slicing of extensions and of choices of types is when the profile does not say it.

    https://hl7.org/fhir/R4/profiling.html#slicing (choices) and extensibility.html#extension (by url)
    """
    name = tree.id.rpartition(".")[2].partition(":")[0]
    if name.endswith("[x]"):
        return {"discriminator": [{"type": "type", "path": "$this"}]}
    if name in ("extension", "modifierExtension"):
        return {"discriminator": [{"type": "value", "path": "url"}]}
    return {}
