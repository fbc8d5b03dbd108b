"""Where an object stands in a resource: its JSON path, and the same as FHIRPath.

https://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.expression
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import Release

JsonPath = tuple[str | int, ...]
Location = tuple[JsonPath, str, str]
"""JSON path, FHIRPath, and the type that the definitions give the object there."""


def locations(resource: dict[str, Any], release: Release) -> dict[int, Location]:
    """Return the location of every object by its identity."""
    type_name = resource.get("resourceType")
    root = type_name if isinstance(type_name, str) else "Resource"
    return {id(node): place for node, place in _walk(resource, (), root, root, release)}


def expression_of(place: Location, name: str, index: int | None, release: Release) -> str:
    """Return the FHIRPath of a property of the object at a place."""
    step, _, repeats = _step(place[2], name, release)
    position = "" if index is None or not repeats else f"[{index}]"
    return f"{place[1]}.{step}{position}"


def _walk(
    node: dict[str, Any], path: JsonPath, expression: str, type_name: str, release: Release
) -> Iterator[tuple[dict[str, Any], Location]]:
    # With a stack of its own: what is validated may be nested deeper than Python's.
    stack = [(node, path, expression, type_name)]
    while stack:
        node, path, expression, type_name = stack.pop()
        yield node, (path, expression, type_name)
        for name, value in node.items():
            step, kind, _ = _step(type_name, name, release)
            many = isinstance(value, list)
            for index, child in enumerate(value if many else (value,)):
                if isinstance(child, dict):
                    declared = child.get("resourceType")
                    held = declared if isinstance(declared, str) else kind
                    place: JsonPath = (*path, name, index) if many else (*path, name)
                    stack.append((child, place, f"{expression}.{step}{f'[{index}]' if many else ''}", held))


def _step(type_name: str, name: str, release: Release) -> tuple[str, str, bool]:
    """Return the element's name in FHIRPath, its type, and whether it repeats; a guess for unknown ones."""
    plain = name.removeprefix("_")
    if type_name in release.type_names:
        found = release.type_definition(type_name).json_names.get(plain)
        if found is not None:
            element, kind = found
            return element.name, "Element" if plain != name else kind, element.repeats
    return plain if plain.isidentifier() else f"`{plain}`", "", True
