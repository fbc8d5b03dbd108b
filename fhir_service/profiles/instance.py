"""The values of a resource, each with its type and its place, as the definitions give them.

https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/fhirpath.html

A resource is walked here after the gate found its structure good.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from fhir_service.fhir.path.runtime import Item
from fhir_service.releases import Element, Release

Resource = dict[str, Any]


class Node:
    """A value: `value` is None when a primitive has only what stands in the `_name` beside it."""

    __slots__ = ("beside", "bundle", "name", "parent", "resource", "root", "step", "type", "value")

    def __init__(
        self, type_name: str, value: Any, beside: Any = None, parent: Node | None = None, step: str = ""
    ) -> None:
        self.type = type_name
        self.value = value
        self.beside = beside
        self.parent = parent
        self.step = step
        self.name = step.partition("[")[0]
        """The element's name in its parent, without the type of a choice."""
        self.resource: Resource = {} if parent is None else parent.resource
        self.root: Resource = {} if parent is None else parent.root
        self.bundle: Resource | None = None if parent is None else parent.bundle
        if type(value) is dict and "resourceType" in value:
            self._enter(value)

    def _enter(self, resource: Resource) -> None:
        self.resource = resource
        if self.name != "contained":
            self.root = resource
        if self.parent is not None and self.parent.type == "Bundle.entry":
            self.bundle = self.parent.resource

    @property
    def item(self) -> Item:
        """The value as FHIRPath takes it."""
        return (self.type, self.value, self.beside)

    @property
    def members(self) -> dict[str, Any]:
        """The JSON object that holds the children: of a primitive, the one beside it."""
        found = self.value if type(self.value) is dict else self.beside
        return found if type(found) is dict else {}

    @property
    def is_resource(self) -> bool:
        return self.value is self.resource

    @property
    def expression(self) -> str:
        if self.parent is None:
            return self.step
        return f"{self.parent.expression}.{self.step}"

    def resolve(self, reference: str) -> Resource | None:
        """What a reference points to, within the resource or the Bundle that holds it."""
        if reference.startswith("#"):
            for one in self.root.get("contained", ()):
                if type(one) is dict and one.get("id") == reference[1:]:
                    return one
            return self.root if reference == "#" else None
        if self.bundle is not None:
            for entry in self.bundle.get("entry", ()):
                full_url = entry.get("fullUrl") if type(entry) is dict else None
                if type(full_url) is str and (full_url == reference or full_url.endswith(f"/{reference}")):
                    found = entry.get("resource")
                    return found if type(found) is dict else None
        return None


def root_of(resource: Resource) -> Node:
    """The resource itself as a node."""
    type_name = str(resource.get("resourceType", "Resource"))
    return Node(type_name, resource, step=type_name)


def element_of(type_name: str, name: str, release: Release) -> Element | None:
    """The element of a type, by its name without `[x]`; None when there is no such thing."""
    if type_name not in release.type_names:
        return None
    return release.type_definition(type_name).elements.get(name)


def values(parent: Node, name: str, release: Release) -> list[Node]:
    """The values of one element."""
    element = element_of(parent.type, name, release)
    members = parent.members
    if element is None or not members:
        return []
    found: list[Node] = []
    for json_name, kind in element.json_names:
        value, beside = members.get(json_name), members.get(f"_{json_name}")
        if value is None and beside is None:
            continue
        if not element.repeats:
            found.append(Node(_kind(kind, value), value, beside, parent, name))
            continue
        pairs = zip_longest(_list(value), _list(beside))
        for index, (one, other) in enumerate(pairs):
            if one is not None or other is not None:
                found.append(Node(_kind(kind, one), one, other, parent, f"{name}[{index}]"))
    return found


def children(parent: Node, release: Release) -> Iterator[Node]:
    """All values of all elements."""
    if parent.type not in release.type_names:
        return
    known = release.type_definition(parent.type).json_names
    names = dict.fromkeys(
        known[key.removeprefix("_")][0].name for key in parent.members if key.removeprefix("_") in known
    )
    for name in names:
        yield from values(parent, name, release)


def _kind(kind: str, value: Any) -> str:
    if type(value) is dict and type(value.get("resourceType")) is str:
        return str(value["resourceType"])
    return kind


def _list(value: Any) -> list[Any]:
    return value if type(value) is list else [] if value is None else [value]
