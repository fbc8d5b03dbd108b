"""What filters look at: a concept's properties as texts, and the concept that a hierarchy filter names.

https://hl7.org/fhir/R4/codesystem.html#defined-props
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fhir_service.terminology.code_system import CodeSystem, Concept

Test: TypeAlias = Callable[[Concept], bool]
Values: TypeAlias = Callable[[Concept], list[str]]

# What a filter may call the concept itself.
_ITSELF = ("concept", "code")
_DEFINED: dict[str, Values] = {
    "code": lambda concept: [concept.code],
    "concept": lambda concept: [concept.code],
    "display": lambda concept: [concept.display] if concept.display is not None else [],
    "definition": lambda concept: [concept.definition] if concept.definition is not None else [],
    "parent": lambda concept: [one.code for one in concept.parents],
    "child": lambda concept: [one.code for one in concept.children],
    "inactive": lambda concept: ["true" if concept.is_inactive else "false"],
    "notSelectable": lambda concept: ["true" if concept.is_abstract else "false"],
}


class BadFilter(Exception):
    """A filter that makes no sense; the text says why."""


def values_of(system: CodeSystem, name: str) -> Values:
    """How to get a property's values from a concept, as texts.

    :raises BadFilter: the code system has no such property
    """
    for standard in ("parent", "child", "inactive", "notSelectable"):
        # A code system may have its own name for what FHIR defines.
        if name != standard and name in system.properties and name in system.property_codes(standard):
            return _DEFINED[standard]
    if name in _DEFINED and (name not in system.properties or name in system.property_codes(name)):
        return _DEFINED[name]
    if name not in system.properties and name not in system.filters and name != "status":
        known = sorted({*_DEFINED, *system.properties, *system.filters})
        raise BadFilter(f"the code system `{system.url}` has no property `{name}`; it has {', '.join(known)}")
    return lambda concept: [one.text for one in concept.properties if one.code == name]


def concept_of(system: CodeSystem, name: str, value: str, *, by_kind: bool = True) -> Concept:
    """The concept that a filter over the hierarchy names.

    :raises BadFilter: it is not there, or (`by_kind`) being below another concept does not mean being one
    """
    if name not in _ITSELF:
        raise BadFilter(f"this operator is for the property `concept`, not `{name}`")
    if by_kind and not system.subsumes:
        raise BadFilter(
            f"the hierarchy of `{system.url}` means {system.hierarchy_meaning}: nothing in it is a kind of"
            " something else"
        )
    found = system.find(value)
    if found is None:
        raise BadFilter(f"the code `{value}` is not in `{system.canonical}`")
    return found


def listed(value: str) -> frozenset[str]:
    """The values of a comma separated list."""
    return frozenset(part.strip() for part in value.split(",") if part.strip())
