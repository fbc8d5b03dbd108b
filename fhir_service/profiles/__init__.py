"""Validation against profiles: what StructureDefinitions demand beyond what their release does.

https://hl7.org/fhir/R4/profiling.html and https://hl7.org/fhir/R4/validation.html

    Profiles(R4, definition, is_member).validate(resource, ["http://hl7.org/fhir/StructureDefinition/bp"])
    -> [Issue("error", "structure", "`component` must be ... [http://...bp|4.0.1#Observation.component]")]

It stands beside the gate (releases/validator), which checks what the release demands, and takes over where
the gate found the structure good. A profile's elements become a tree (tree.py), that becomes plans.

Checked are the profiles that are named, those that a resource claims in `meta.profile`, wherever it stands
(contained, in a Bundle), and the extensions whose definitions are known. What cannot be checked is a
warning that says `not checked` or `cannot be told` with the code `not-supported`; docs/profiles.md lists it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fhir_service.errors import Issue
from fhir_service.releases import Release

from . import instance
from .bindings import IsMember, cannot_tell
from .extensions import check_extension
from .findings import ERROR, WARNING, Findings
from .instance import Node, children, root_of
from .plans import ElementPlan
from .tree import Definition, ElementNode, Resolver, Unusable, canonical_of, core_type, read_tree

__all__ = ["IsMember", "Profile", "Profiles", "Resolver", "Unusable", "cannot_tell"]

# In HL7's packages, not among the types: quantities in every release are declared with it.
_SIMPLE_QUANTITY: Definition = {
    "url": "http://hl7.org/fhir/StructureDefinition/SimpleQuantity",
    "type": "Quantity",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Quantity",
    "differential": {"element": [{"id": "Quantity.comparator", "max": "0"}]},
}


class Profile:
    """One profile, compiled; or with the id of an element what the profile demands of that part of it."""

    def __init__(self, definition: Definition, profiles: Profiles, part: str = "") -> None:
        self.definition = definition
        self.profiles = profiles
        self.url = str(definition.get("url"))
        self.canonical = canonical_of(definition)
        self.type = _path(part) if part else str(definition.get("type"))
        if self.type not in profiles.release.type_names:
            raise Unusable(f"{profiles.release.label} has no type `{self.type}`")
        self.whole: ElementNode = read_tree(definition, profiles.definition, profiles.release)
        found = self.whole.find(part) if part else self.whole
        if found is None:
            raise Unusable(f"it has no element `{part}`")
        self.tree: ElementNode = found
        self._root = ElementPlan(self.tree, self.type, (self.type,), None, self)

    def check(self, node: Node, findings: Findings) -> None:
        """Check a value against all that the profile demands."""
        key = (self.canonical, id(node.value))
        if key in findings.active:
            return
        if not self.profiles.release.is_a(node.type, self.type):
            message = f"the profile is about {self.type}, this is a {node.type}"
            findings.add(ERROR, "structure", message, node, self.canonical)
            return
        findings.active.add(key)
        self._root.check_value(node, findings)
        findings.active.discard(key)

    def accepts(self, node: Node) -> bool:
        """Whether a value conforms; while just that is being found out, nothing speaks against it."""
        findings = Findings(self.profiles.trying)
        self.check(node, findings)
        return not findings.has_errors


class Profiles:
    """The profiles of one release, each compiled when it is first asked for.

    :param definition: gives the StructureDefinition of a canonical, None when it is not known
    :param is_member: asks the terminology whether a Coding is in a value set
    """

    def __init__(self, release: Release, definition: Resolver, is_member: IsMember = cannot_tell) -> None:
        self.release = release
        self.definition = definition
        self.is_member = is_member
        self.trying: set[tuple[str, int]] = set()
        self._compiled: dict[str, Profile | None] = {}
        self._unusable: dict[str, str] = {}  # why not

    def validate(self, resource: dict[str, Any], canonicals: Iterable[str] = ()) -> list[Issue]:
        """Return what is wrong with a resource in the eyes of these profiles and of those that it claims."""
        findings = Findings()
        node = root_of(resource)
        for canonical in canonicals:
            self._check(node, canonical, ERROR, findings)
        self._walk(node, findings)
        return list(findings.issues)

    def profile(self, canonical: str) -> Profile | None:
        """The compiled profile; None when it is not known, or nothing can be checked against it."""
        if canonical not in self._compiled:
            self._compiled[canonical] = self._compile(canonical)
        return self._compiled[canonical]

    def reason(self, canonical: str) -> str | None:
        """Why nothing can be checked against a profile; None when it can, or for a type of the release."""
        if self.profile(canonical) is not None or core_type(canonical, self.release):
            return None
        return self._unusable.get(canonical, "it is not known here")

    def trees(self, canonicals: Iterable[str]) -> list[ElementNode]:
        """The elements of those profiles that are known."""
        found = [self.profile(canonical) for canonical in canonicals]
        return [one.tree for one in found if one is not None]

    def values(self, parent: Node, name: str) -> list[Node]:
        return instance.values(parent, name, self.release)

    def _compile(self, canonical: str) -> Profile | None:
        whole, _, part = canonical.partition("#")
        definition = self.definition(whole)
        if definition is None and whole.partition("|")[0] == _SIMPLE_QUANTITY["url"]:
            definition = _SIMPLE_QUANTITY
        if definition is None:
            return None
        try:
            return Profile(definition, self, part)
        except Unusable as error:
            self._unusable[canonical] = str(error)
            return None

    def _walk(self, node: Node, findings: Findings) -> None:
        """Check what a resource says of itself, everywhere in it: its profiles and its extensions."""
        if node.is_resource:
            for canonical in _claimed(node):
                self._check(node, canonical, WARNING, findings)
        for child in children(node, self.release):
            if child.type == "Extension" and node.type != "Extension":
                check_extension(child, self, findings)
            self._walk(child, findings)

    def _check(self, node: Node, canonical: str, severity: str, findings: Findings) -> None:
        profile = self.profile(canonical)
        reason = self.reason(canonical)
        type_name = core_type(canonical, self.release)
        if profile is not None:
            profile.check(node, findings)
        elif reason is not None:
            message = f"the profile {canonical} is not checked: {reason}"
            findings.add(severity, "not-supported", message, node, canonical)
        elif type_name is not None and not self.release.is_a(node.type, type_name):
            findings.add(ERROR, "structure", f"this is a {node.type}, not a {type_name}", node, canonical)


def _path(element_id: str) -> str:
    """The path of an element: its id without the names of slices."""
    return ".".join(step.partition(":")[0] for step in element_id.split("."))


def _claimed(node: Node) -> list[str]:
    meta = node.value.get("meta")
    found = meta.get("profile", ()) if type(meta) is dict else ()
    return [one for one in found if type(one) is str]
