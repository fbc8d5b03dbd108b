"""`regex`: the whole of the property's value fits the regular expression.

https://hl7.org/fhir/R4/valueset-filter-operator.html#valueset-filter-operator-regex
"""

from __future__ import annotations

from fhir_service.fhir.regular_expressions import regular_expression
from fhir_service.terminology.code_system import CodeSystem
from fhir_service.terminology.filters.properties import BadFilter, Test, values_of


def test(system: CodeSystem, name: str, value: str) -> Test:
    values = values_of(system, name)
    try:
        pattern = regular_expression(value)
    except ValueError as error:
        raise BadFilter(str(error)) from None
    return lambda concept: any(pattern.fullmatch(text) is not None for text in values(concept))
