"""Which types form hierarchies, and by which element: what `:above` and `:below` of references follow.

https://hl7.org/fhir/R4/search.html#recursive and https://hl7.org/fhir/R4/references.html#circular

HL7's definitions mark each element whose references to the same type form a strict hierarchy, with the
extension https://hl7.org/fhir/R4/extension-structuredefinition-hierarchy.html; of those, search can follow
the ones that a search parameter looks at. Which these are differs from release to release.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fhir_service.releases import Release
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.predicates import Key

# A plan of care may be part of another, based on another and replace another. Unless the parameter is one of
# these itself, what is below a resource are its parts.
_PART_OF = "partOf"


class Hierarchy(NamedTuple):
    """The element in which a resource refers to the one above it, and the search parameter for it."""

    type_name: str
    element: str
    code: str

    @property
    def key(self) -> Key:
        return (self.type_name, self.code)


def hierarchies_of(parameter: SearchParameter) -> Mapping[str, Hierarchy]:
    """The hierarchies that a reference parameter can be asked along, by the type that it refers to."""
    if parameter.is_canonical:
        return {}
    found = {}
    for type_name, possible in _hierarchies(parameter.release).items():
        if parameter.targets and type_name not in parameter.targets:
            continue
        own = [one for one in possible if one.key == parameter.key]
        parts = [one for one in possible if one.element == _PART_OF]
        if len(chosen := own or parts or possible) == 1:
            found[type_name] = chosen[0]
    return found


@functools.cache
def _hierarchies(release: Release) -> Mapping[str, list[Hierarchy]]:
    found: dict[str, list[Hierarchy]] = {}
    for data in release.search_parameter_data:
        for one in _followed(data["code"], data["expression"] or "", release):
            if data["type"] == "reference" and one.type_name in data["target"]:
                found.setdefault(one.type_name, []).append(one)
    return found


def _followed(code: str, expression: str, release: Release) -> Iterator[Hierarchy]:
    for branch in expression.split("|"):
        type_name, _, name = branch.strip().partition(".")
        if type_name in release.resource_types:
            element = release.type_definition(type_name).elements.get(name)
            if element is not None and element.is_hierarchy and "Reference" in element.types:
                yield Hierarchy(type_name, name, code)
