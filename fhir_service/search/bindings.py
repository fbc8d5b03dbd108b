"""What the definitions of elements tell of the codes that a search parameter looks at.

https://hl7.org/fhir/R4/search.html#token and #mimetype
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fhir_service.releases import Release
from fhir_service.releases.elements import Element

BOOLEAN_SYSTEMS = frozenset(
    ("http://terminology.hl7.org/CodeSystem/special-values", "http://hl7.org/fhir/special-values")
)
# Elements of these types have no system in the data, and a binding or the type may imply one.
WITHOUT_SYSTEM = frozenset(("code", "boolean"))
MEDIA_TYPES = "http://hl7.org/fhir/ValueSet/mimetypes"


def implied_systems(expression: str, starts: Iterable[str], release: Release) -> frozenset[str] | None:
    """The systems that required bindings imply; None when they do not tell."""
    found: set[str] = set()
    for type_name, names in _paths(expression, starts, release):
        systems = _implied(names, type_name, release)
        if systems is None:
            return None
        found |= systems
    return frozenset(found)


def _implied(names: list[str], type_name: str, release: Release) -> frozenset[str] | None:
    types, element = _end(names, type_name, release)
    if names and element is None:
        return None
    found = BOOLEAN_SYSTEMS if "boolean" in types else frozenset()
    if element is None or "code" not in types:
        return found
    codings = release.required_codings(element.binding.value_set) if element.binding else None
    return None if codings is None else found.union(codings)


def holds_media_types(expression: str, starts: Iterable[str], release: Release) -> bool:
    ends = (_end(names, type_name, release)[1] for type_name, names in _paths(expression, starts, release))
    bindings = (element.binding for element in ends if element is not None)
    return any(binding is not None and binding.value_set == MEDIA_TYPES for binding in bindings)


def _paths(expression: str, starts: Iterable[str], release: Release) -> Iterator[tuple[str, list[str]]]:
    """The names of elements in each branch of the expression, with each type that it may start from."""
    branches = [branch.strip().split(".") for branch in expression.split("|")]
    for type_name in starts:
        for head, *names in branches:
            if not head[:1].isupper():
                yield type_name, [head, *names]
            elif release.is_a(type_name, head):
                yield type_name, names


def _end(names: list[str], type_name: str, release: Release) -> tuple[tuple[str, ...], Element | None]:
    """The types at the end of a path and the last element; none where the definitions do not lead on."""
    element: Element | None = None
    types: tuple[str, ...] = (type_name,)
    for name in names:
        element = release.type_definition(types[0]).elements.get(name)
        if element is None:
            return (), None
        types = element.types
    return types, element
