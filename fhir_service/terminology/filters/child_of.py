"""`child-of`: those right below the concept, whatever being below it means. New in R5.

https://hl7.org/fhir/R5/valueset-filter-operator.html#valueset-filter-operator-child-of
"""

from __future__ import annotations

from fhir_service.terminology.code_system import CodeSystem
from fhir_service.terminology.filters.properties import Test, concept_of


def test(system: CodeSystem, name: str, value: str) -> Test:
    children = {one.code for one in concept_of(system, name, value, by_kind=False).children}
    return lambda concept: concept.code in children
