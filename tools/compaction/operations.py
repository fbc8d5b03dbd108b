"""Compact OperationDefinitions: by id, the code, types, levels and parameters of what HL7 defines.

https://hl7.org/fhir/R4/operationdefinition.html
"""

from __future__ import annotations

from typing import Any

from compaction.packages import Resource

_LEVELS = ("system", "type", "instance")
_BASE = "http://hl7.org/fhir/OperationDefinition/"


def compact_operations(resources: list[Resource]) -> dict[str, Any]:
    """Return the specification's own operations; the packages hold some examples of others."""
    found = [
        one
        for one in resources
        if one["resourceType"] == "OperationDefinition"
        and one.get("url") == _BASE + one["id"]
        and not one["id"].startswith("example")
    ]
    return {one["id"]: _operation(one) for one in sorted(found, key=lambda one: one["id"])}


def _operation(definition: Resource) -> dict[str, Any]:
    return {
        "code": definition["code"],
        "types": definition.get("resource", []),
        "levels": [level for level in _LEVELS if definition[level]],
        "affectsState": definition.get("affectsState", False),
        "parameters": [_parameter(one) for one in definition.get("parameter", [])],
    }


def _parameter(parameter: dict[str, Any]) -> list[Any]:
    """[use, name, min, max, type, parts]; a parameter with parts has no type."""
    kept = [parameter.get("use", ""), parameter["name"], parameter["min"], parameter["max"]]
    return [*kept, parameter.get("type", ""), [_parameter(part) for part in parameter.get("part", [])]]
