"""The FHIR releases that are served, each opened lazily over its compact definition data.

https://hl7.org/fhir/R4/, https://hl7.org/fhir/R4B/ and https://hl7.org/fhir/R5/

The data is written by `make definitions` from HL7's packages; each file is parsed when something in it is
first asked for, and a type is built when it is first asked for.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from .elements import Binding, Element, Invariant, TypeDefinition, element_from_data

__all__ = ["R4", "R4B", "R5", "RELEASES", "Binding", "Element", "Invariant", "Release", "TypeDefinition"]

DATA = Path(__file__).parent / "data"


class Release:
    """One FHIR release: its names and what its definitions say."""

    def __init__(self, name: str, fhir_version: str) -> None:
        self.name = name
        """What the service's URLs say: `r4`, `r4b`, `r5`."""
        self.label = name.upper()
        self.fhir_version = fhir_version
        self.media_version = fhir_version.rpartition(".")[0]
        """The `fhirVersion` parameter of a media type."""
        self._types: dict[str, TypeDefinition] = {}

    def __repr__(self) -> str:
        return f"Release({self.label})"

    @cached_property
    def resource_types(self) -> frozenset[str]:
        """Every resource type of which there are instances."""
        return frozenset(self._data("resource-types"))

    @cached_property
    def type_names(self) -> frozenset[str]:
        """Every type: resources, datatypes, primitives, abstract types and backbone paths."""
        return frozenset(self._elements)

    def type_definition(self, name: str) -> TypeDefinition:
        """Return a resource type, a datatype or a backbone path such as `PlanDefinition.action`.

        :raises KeyError: the release has no such type
        """
        found = self._types.get(name)
        if found is None:
            found = self._types[name] = self._build(name)
        return found

    def is_a(self, name: str, ancestor: str) -> bool:
        """Say whether a type is the other one or derives from it (Age is a Quantity, code is a string)."""
        current: str | None = name
        while current is not None:
            if current == ancestor:
                return True
            row = self._elements.get(current)
            current = row["base"] if row else None
        return False

    def invariants(self, path: str) -> tuple[Invariant, ...]:
        """Return what this type or element path demands by itself; its type and base type may demand more."""
        return tuple(Invariant(*row) for row in self._invariants.get(path, ()))

    @cached_property
    def search_parameter_data(self) -> list[dict[str, Any]]:
        """The release's own search parameters, in order of their URLs."""
        rows: list[dict[str, Any]] = self._data("search-parameters")
        every_type = sorted(self.resource_types)
        for row in rows:
            row.setdefault("expression", None)
            row["target"] = every_type if row.get("target") == "*" else row.get("target", [])
        return rows

    def required_codes(self, value_set: str) -> frozenset[str] | None:
        """Return the codes of a value set that is bound as required, or None when they cannot be listed."""
        systems = self._required_bindings.get(value_set.partition("|")[0])
        return None if systems is None else frozenset(code for codes in systems.values() for code in codes)

    def required_codings(self, value_set: str) -> dict[str, frozenset[str]] | None:
        """Return the same by system, for elements that hold a Coding."""
        systems = self._required_bindings.get(value_set.partition("|")[0])
        return None if systems is None else {system: frozenset(codes) for system, codes in systems.items()}

    @cached_property
    def compartments(self) -> dict[str, dict[str, Any]]:
        """Compartment (`Patient` ...) -> its `url`, and `members`: resource type -> search parameters."""
        data: dict[str, dict[str, Any]] = self._data("compartments")
        return data

    @cached_property
    def operations(self) -> dict[str, dict[str, Any]]:
        """HL7's operations: id (`ValueSet-expand`) -> its `code`, `types`, `levels` and `parameters`.

        A parameter is [use, name, min, max, type, parts].
        """
        data: dict[str, dict[str, Any]] = self._data("operations")
        return data

    @cached_property
    def left_out(self) -> dict[str, list[dict[str, str]]]:
        """What of HL7's packages is not in this data, by file, each with the reason."""
        data: dict[str, list[dict[str, str]]] = self._data("left-out")
        return data

    @cached_property
    def _elements(self) -> dict[str, Any]:
        data: dict[str, Any] = self._data("elements")
        return data

    @cached_property
    def _invariants(self) -> dict[str, list[list[str]]]:
        data: dict[str, list[list[str]]] = self._data("invariants")
        return data

    @cached_property
    def _required_bindings(self) -> dict[str, dict[str, list[str]]]:
        data: dict[str, dict[str, list[str]]] = self._data("required-bindings")
        return data

    def _build(self, name: str) -> TypeDefinition:
        row = self._elements[name]
        parent = row["inherits"] if "inherits" in row else row["base"]
        elements = dict(self.type_definition(parent).elements) if parent else {}
        # Laid over the base's: an element that the type only changes keeps its place in the order.
        elements.update((key, element_from_data(key, value)) for key, value in row["elements"].items())
        return TypeDefinition(
            name, row["kind"], row["base"], elements, row.get("abstract", False), row.get("regex")
        )

    def _data(self, name: str) -> Any:
        path = DATA / self.name / f"{name}.json"
        return json.loads(path.read_bytes())


R4 = Release("r4", "4.0.1")
R4B = Release("r4b", "4.3.0")
R5 = Release("r5", "5.0.0")

RELEASES = {release.name: release for release in (R4, R4B, R5)}
