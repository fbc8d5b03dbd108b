"""The filters of a value set's compose: one file for each operator, entered in OPERATORS.

https://hl7.org/fhir/R4/valueset-filter-operator.html and https://hl7.org/fhir/R5/valueset-filter-operator.html

Each module holds
    test(system, name, value)    whether a concept passes, as a function of the concept; `name` is the
                                 property and `value` what the filter says; raises BadFilter
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from fhir_service.terminology.code_system import CodeSystem
from fhir_service.terminology.filters import (
    child_of,
    descendent_leaf,
    descendent_of,
    equals,
    exists,
    generalizes,
    in_list,
    is_a,
    is_not_a,
    not_in_list,
    regex,
)
from fhir_service.terminology.filters.properties import BadFilter, Test

__all__ = ["OPERATORS", "BadFilter", "Operator", "Test", "test_of"]


class Operator(Protocol):
    def test(self, system: CodeSystem, name: str, value: str) -> Test: ...


OPERATORS: Mapping[str, Operator] = {
    "=": equals,
    "is-a": is_a,
    "descendent-of": descendent_of,
    "is-not-a": is_not_a,
    "regex": regex,
    "in": in_list,
    "not-in": not_in_list,
    "generalizes": generalizes,
    "exists": exists,
    "child-of": child_of,
    "descendent-leaf": descendent_leaf,
}


def test_of(system: CodeSystem, name: str, operator: str, value: str) -> Test:
    """Whether a concept passes the filter.

    :raises BadFilter: the operator is not known, or the filter makes no sense for this code system
    """
    known = OPERATORS.get(operator)
    if known is None:
        raise BadFilter(f"the operator `{operator}` is not known; known: {', '.join(OPERATORS)}")
    return known.test(system, name, value)
