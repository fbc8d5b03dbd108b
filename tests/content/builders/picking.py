"""Ways to pick from built resources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Resource = dict[str, Any]


def of_type(resources: list[Resource], *types: str) -> list[Resource]:
    return [resource for resource in resources if resource["resourceType"] in types]


def by_id(resources: list[Resource], reference: str) -> Resource:
    return next(r for r in resources if f"{r['resourceType']}/{r['id']}" == reference)


def walk(value: Any, visit: Callable[[str, Any], None], name: str = "") -> None:
    """Call `visit(property name, value)` for everything in a resource."""
    visit(name, value)
    if isinstance(value, dict):
        for key, member in value.items():
            walk(member, visit, key)
    elif isinstance(value, list):
        for member in value:
            walk(member, visit, name)


def properties(resource: Resource) -> set[str]:
    """The names of all properties that a resource has, at any depth."""
    names: set[str] = set()
    walk(resource, lambda name, value: names.add(name))
    return names


def codings(value: Any) -> set[tuple[str, str]]:
    """Every (system, code) in a resource or a part of one."""
    found: set[tuple[str, str]] = set()

    def visit(name: str, member: Any) -> None:
        if isinstance(member, dict) and {"system", "code"} <= member.keys():
            found.add((member["system"], member["code"]))

    walk(value, visit)
    return found
