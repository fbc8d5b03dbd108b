"""What the definitions of elements tell of the codes that a search parameter looks at.

https://hl7.org/fhir/R4/search.html#token and #mimetype
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_service.releases import Release
from fhir_service.releases.elements import Element

BOOLEAN_SYSTEMS = frozenset(
    ("http://terminology.hl7.org/CodeSystem/special-values", "http://hl7.org/fhir/special-values")
)
MEDIA_TYPES = "http://hl7.org/fhir/ValueSet/mimetypes"


def implied_systems(expression: str, type_name: str, release: Release) -> frozenset[str] | None:
    """The systems that required bindings imply; None when they do not tell."""
    found: set[str] = set()
    for names in _paths(expression, type_name):
        systems = _implied(names, type_name, release)
        if systems is None:
            return None
        found |= systems
    return frozenset(found)


def _implied(names: list[str], type_name: str, release: Release) -> frozenset[str] | None:
    ends_in, element = _end(names, type_name, release)
    if ends_in == "boolean":
        return BOOLEAN_SYSTEMS
    if names and element is None:
        return None
    if element is None or ends_in != "code":
        return frozenset()
    if element.binding is None:
        return None
    codings = release.required_codings(element.binding.value_set)
    return None if codings is None else frozenset(codings)


def holds_media_types(expression: str, type_name: str, release: Release) -> bool:
    ends = (_end(names, type_name, release)[1] for names in _paths(expression, type_name))
    bindings = (element.binding for element in ends if element is not None)
    return any(binding is not None and binding.value_set == MEDIA_TYPES for binding in bindings)


def _paths(expression: str, type_name: str) -> Iterator[list[str]]:
    """The names of elements in each branch of the expression that may start from this type."""
    for branch in expression.split("|"):
        head, *names = branch.strip().split(".")
        if not head.isidentifier() or head == type_name:
            yield names


def _end(names: list[str], type_name: str, release: Release) -> tuple[str, Element | None]:
    """The type at the end of a path and the last element; none where the definitions do not lead on."""
    element = None
    for name in names:
        element = release.type_definition(type_name).elements.get(name)
        if element is None:
            return "", None
        type_name = element.types[0]
    return type_name, element
