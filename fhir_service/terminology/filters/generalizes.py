"""`generalizes`: the concept itself, and all that it is a kind of.

https://hl7.org/fhir/R4/valueset-filter-operator.html#valueset-filter-operator-generalizes
"""

from __future__ import annotations

from fhir_service.terminology.code_system import CodeSystem, ancestors
from fhir_service.terminology.filters.properties import Test, concept_of


def test(system: CodeSystem, name: str, value: str) -> Test:
    bottom = concept_of(system, name, value)
    above = ancestors(bottom) | {bottom.code}
    return lambda concept: concept.code in above
