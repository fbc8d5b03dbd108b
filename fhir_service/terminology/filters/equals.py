"""`=`: the property has this value.

https://hl7.org/fhir/R4/valueset-filter-operator.html#valueset-filter-operator-.61
"""

from __future__ import annotations

from fhir_service.terminology.code_system import CodeSystem
from fhir_service.terminology.filters.properties import Test, values_of


def test(system: CodeSystem, name: str, value: str) -> Test:
    values = values_of(system, name)
    return lambda concept: value in values(concept)
