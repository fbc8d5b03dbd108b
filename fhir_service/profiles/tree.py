"""A profile's ElementDefinitions as a tree of elements and slices, from its snapshot or its differential.

https://hl7.org/fhir/R4/profiling.html#snapshot and https://hl7.org/fhir/R4/elementdefinition.html#id

    Observation                      the root
      component                      its child
        :SystolicBP                  a slice of it, with children of its own
          code

A snapshot says all. Without one, the differential is laid over the tree of its base; a base that is a type of
the release adds nothing, as the gate has checked that already.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from fhir_service.releases import Release

Definition = dict[str, Any]
Resolver = Callable[[str], Definition | None]
"""canonical, with or without a version -> the StructureDefinition, or None when it is not known"""

CORE = "http://hl7.org/fhir/StructureDefinition/"
_PROFILE_ELEMENT = f"{CORE}elementdefinition-profile-element"
_SEGMENT = re.compile(r"\.(?![^\[]*\])")


class Unusable(Exception):
    """A StructureDefinition that nothing can be checked against; the text says why."""


class ElementNode:
    """One element of a profile, with its children by name and its slices in their order."""

    __slots__ = ("children", "definition", "id", "slice_name", "slices")

    def __init__(self, element_id: str, slice_name: str = "") -> None:
        self.id = element_id
        self.slice_name = slice_name
        self.definition: Definition = {}
        self.children: dict[str, ElementNode] = {}
        self.slices: dict[str, ElementNode] = {}

    @property
    def types(self) -> list[Definition]:
        return [one for one in self.definition.get("type", ()) if type(one) is dict]

    def value_of(self, prefix: str) -> Any:
        """The value of a choice such as `fixed[x]` or `pattern[x]`; None when there is none."""
        size = len(prefix)
        for name, value in self.definition.items():
            if name.startswith(prefix) and name[size : size + 1].isupper():
                return value
        return None

    def find(self, element_id: str) -> ElementNode | None:
        """The element below with this id."""
        found: ElementNode | None = self
        for name, slices in _steps(element_id):
            found = None if found is None else found.children.get(name)
            for one in slices:
                found = None if found is None else found.slices.get(one)
        return found


def profiles_of(declared: Definition) -> list[str]:
    """The canonicals of the profiles of a type; `url#id` where an extension names one element of it.

    http://hl7.org/fhir/StructureDefinition/elementdefinition-profile-element
    """
    beside = declared.get("_profile")
    parts = [_part(one) for one in beside] if type(beside) is list else []
    return [
        f"{url}#{parts[place]}" if place < len(parts) and parts[place] else url
        for place, url in enumerate(declared.get("profile", ()))
        if type(url) is str
    ]


def _part(beside: Any) -> str:
    extensions = beside.get("extension", ()) if type(beside) is dict else ()
    found = [one.get("valueString") for one in extensions if one.get("url") == _PROFILE_ELEMENT]
    return str(found[0]) if found else ""


def canonical_of(definition: Definition) -> str:
    """url|version"""
    version = definition.get("version")
    return f"{definition.get('url')}|{version}" if version else str(definition.get("url"))


def core_type(canonical: str, release: Release) -> str | None:
    """The type of the release that a canonical names; None for a profile."""
    url = canonical.partition("|")[0]
    name = url.removeprefix(CORE)
    return name if name != url and name in release.type_names else None


def read_tree(definition: Definition, resolve: Resolver, release: Release) -> ElementNode:
    """Return the root.

    :raises Unusable: it has no elements, one of them has no id, or its base is not known
    """
    return _read(definition, resolve, release, ())


def _read(
    definition: Definition, resolve: Resolver, release: Release, derived: tuple[str, ...]
) -> ElementNode:
    elements = _elements(definition, "snapshot")
    if elements:
        return _laid_over(ElementNode(str(elements[0].get("id"))), elements)
    elements = _elements(definition, "differential")
    base = definition.get("baseDefinition")
    if type(base) is not str:
        raise Unusable("it has neither a snapshot nor a baseDefinition")
    if core_type(base, release):
        return _laid_over(ElementNode(str(definition.get("type"))), elements)
    if base in derived:
        raise Unusable(f"its base `{base}` derives from itself")
    found = resolve(base)
    if found is None:
        raise Unusable(f"it has no snapshot, and its base `{base}` is not known")
    return _laid_over(_read(found, resolve, release, (*derived, base)), elements)


def _elements(definition: Definition, view: str) -> list[Definition]:
    held = definition.get(view)
    found = held.get("element") if type(held) is dict else None
    return [one for one in found if type(one) is dict] if type(found) is list else []


def _laid_over(root: ElementNode, elements: list[Definition]) -> ElementNode:
    for element in elements:
        element_id = element.get("id")
        if type(element_id) is not str:
            raise Unusable(f"the element `{element.get('path')}` has no id")
        node = _place(root, element_id)
        node.definition |= _merged(node.definition, element)
    return root


def _merged(before: Definition, change: Definition) -> Definition:
    merged = deepcopy(change)
    added = [one for one in change.get("constraint", ()) if one not in before.get("constraint", ())]
    if "constraint" in before:
        merged["constraint"] = [*before["constraint"], *added]
    return merged


def _steps(element_id: str) -> list[tuple[str, list[str]]]:
    """`Observation.component:a/b.code` -> [("component", ["a", "a/b"]), ("code", [])]: a/b is within a."""
    found = []
    for segment in _SEGMENT.split(element_id)[1:]:
        name, _, slice_name = segment.partition(":")
        parts = slice_name.split("/") if slice_name else []
        found.append((name, ["/".join(parts[: end + 1]) for end in range(len(parts))]))
    return found


def _place(root: ElementNode, element_id: str) -> ElementNode:
    """The node with this id, made with those above it when it is not there yet."""
    found = root
    for name, slices in _steps(element_id):
        below = f"{found.id}.{name}"
        found = found.children.setdefault(name, ElementNode(below))
        for slice_name in slices:
            found = found.slices.setdefault(slice_name, ElementNode(f"{below}:{slice_name}", slice_name))
    return found
