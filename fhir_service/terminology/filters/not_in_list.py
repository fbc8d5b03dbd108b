"""`not-in`: the property has none of these values.

https://hl7.org/fhir/R4/valueset-filter-operator.html#valueset-filter-operator-not-in
"""

from __future__ import annotations

from fhir_service.terminology.code_system import CodeSystem
from fhir_service.terminology.filters.properties import Test, listed, values_of


def test(system: CodeSystem, name: str, value: str) -> Test:
    values, unwanted = values_of(system, name), listed(value)
    return lambda concept: unwanted.isdisjoint(values(concept))
