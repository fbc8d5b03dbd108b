"""`exists`: the property has a value (`true`), or has none (`false`).

https://hl7.org/fhir/R4/valueset-filter-operator.html#valueset-filter-operator-exists
"""

from __future__ import annotations

from fhir_service.terminology.code_system import CodeSystem
from fhir_service.terminology.filters.properties import BadFilter, Test, values_of


def test(system: CodeSystem, name: str, value: str) -> Test:
    if value not in ("true", "false"):
        raise BadFilter(f"`exists` takes `true` or `false`, not `{value}`")
    values, wanted = values_of(system, name), value == "true"
    return lambda concept: bool(values(concept)) is wanted
