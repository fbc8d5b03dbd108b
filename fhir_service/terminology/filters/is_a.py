"""`is-a`: the concept itself, and all that are a kind of it.

https://hl7.org/fhir/R4/valueset-filter-operator.html#valueset-filter-operator-is-a
"""

from __future__ import annotations

from fhir_service.terminology.code_system import CodeSystem, descendants
from fhir_service.terminology.filters.properties import Test, concept_of


def test(system: CodeSystem, name: str, value: str) -> Test:
    top = concept_of(system, name, value)
    below = descendants(top) | {top.code}
    return lambda concept: concept.code in below
