"""Compartments: the resources around one resource, by the search parameters that lead to it.

https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_service.releases import Release
from fhir_service.search.predicates import Compare, Indexed, Own, Predicate, any_of

# In place of a search parameter: the resource that the compartment is about is in it too.
_ITSELF = "{def}"


def members(compartment: str, release: Release) -> frozenset[str]:
    """The types of which there may be resources in a compartment of this kind."""
    return frozenset(release.compartments[compartment]["members"])


def belongs_to(compartment: str, logical_id: str, type_name: str, release: Release) -> Predicate:
    """That a resource of a member type is in the compartment of this resource."""
    codes = release.compartments[compartment]["members"][type_name]
    return any_of(_ways_in(compartment, logical_id, type_name, codes))


def _ways_in(compartment: str, logical_id: str, type_name: str, codes: list[str]) -> Iterator[Predicate]:
    refers = (Compare("target", "eq", logical_id), Compare("target_type", "eq", compartment))
    for code in codes:
        if code == _ITSELF:
            yield Own((Compare("logical_id", "eq", logical_id),))
        else:
            yield Indexed("reference", (type_name, code), refers)
