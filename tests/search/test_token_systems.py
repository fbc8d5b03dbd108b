"""A token's system is looked for as rows of the parameter can have it: its own, or as an element implies it.

https://hl7.org/fhir/R4/search.html#token
"""

from collections.abc import Iterator
from typing import Any

import pytest

from fhir_service.releases import R4, RELEASES, Release
from fhir_service.search.bindings import BOOLEAN_SYSTEMS
from fhir_service.search.definitions import SearchParameter, SearchParameters, value_types
from fhir_service.search.param_types import token
from fhir_service.search.predicates import Compare, Indexed

OWN = "http://own.test"
CODING = {"system": OWN, "code": "true"}
VALUES: dict[str, Any] = {
    "boolean": True,
    "Coding": CODING,
    "CodeableConcept": {"coding": [CODING]},
    "CodeableReference": {"concept": {"coding": [CODING]}},
    "Identifier": {"system": OWN, "value": "true"},
    "ContactPoint": {"system": "phone", "value": "true"},
}


def token_parameters(release: Release) -> Iterator[SearchParameter]:
    parameters = SearchParameters(release)
    for type_name in release.resource_types:
        for parameter in parameters.for_type(type_name).values():
            places = range(len(parameter.components))
            found = [parameters.component(parameter, place) for place in places] or [parameter]
            yield from (one for one in found if one.type == "token" and one.code != "_id")


def finds(parameter: SearchParameter, system: str, type_name: str) -> bool:
    """Whether `system|true` finds an element of this type that says `true`, under its own system if any."""
    (row,) = token.rows(type_name, VALUES.get(type_name, "true"))
    columns = dict(zip(token.COLUMNS, row, strict=True))
    predicate = token.code_predicate(parameter, parameter.key, f"{system}|true")
    assert isinstance(predicate, Indexed)
    return all(isinstance(test, Compare) and _passes(columns[test.column], test) for test in predicate.tests)


def _passes(value: Any, test: Compare) -> bool:
    assert test.operator in ("eq", "in")
    return value in (test.value if isinstance(test.value, tuple) else (test.value,))


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_a_system_is_found_as_its_own_or_as_it_is_implied(release: Release) -> None:
    for parameter in token_parameters(release):
        for type_name in value_types(parameter) - {""}:
            implied = type_name in ("code", "boolean")
            systems = parameter.implied_systems
            other = min(systems, default="http://other.test") if systems is not None else "http://any.test"
            fits = implied and systems != frozenset()
            asked = f"{parameter.key} on {type_name}"
            assert finds(parameter, other, type_name) == fits, asked
            has_own = type_name in VALUES and type_name not in ("boolean", "ContactPoint")
            assert finds(parameter, OWN, type_name) == (has_own or (implied and systems is None)), asked


_LOOKED_AT = {"boolean", "code", "CodeableConcept", "Coding"}


@pytest.mark.parametrize(
    ("expression", "system", "found"),
    [
        # Whatever is contained has any type, and so has the value of an extension.
        ("Library.contained.status", OWN, {"code", "Coding"}),
        (
            "Library.extension.where(url = 'urn:x').value",
            OWN,
            {"code", "boolean", "CodeableConcept", "Coding"},
        ),
        ("Library.topic | Library.status", OWN, {"CodeableConcept"}),
        ("Library.topic | Library.status", "http://hl7.org/fhir/publication-status", {"code"}),
        (
            "Library.experimental | Library.status",
            "http://hl7.org/fhir/publication-status",
            {"code", "boolean"},
        ),
        ("Library.experimental | Library.status", min(BOOLEAN_SYSTEMS), {"code", "boolean"}),
        ("Library.experimental | Library.status", OWN, set()),
    ],
)
def test_parameters_of_clients_are_looked_for_as_what_they_may_find(
    expression: str, system: str, found: set[str]
) -> None:
    parameter = SearchParameter("urn:p", "p", "token", "Library", expression, release=R4)
    types = value_types(parameter) - {""} or {"code", "Coding"}
    assert {name for name in types & _LOOKED_AT if finds(parameter, system, name)} == found


def test_only_what_may_be_either_is_looked_for_as_both() -> None:
    """Rows of two systems stand in no order, so that PostgreSQL would collect and sort them all."""
    listed = {
        parameter.key
        for parameter in token_parameters(R4)
        for system in (*(parameter.implied_systems or ()), OWN)
        if any(test.operator == "in" for test in _tests(parameter, system))
    }
    assert listed == {("Group", "value"), ("Group", "characteristic-value$2")}


def _tests(parameter: SearchParameter, system: str) -> Iterator[Compare]:
    predicate = token.code_predicate(parameter, parameter.key, f"{system}|true")
    assert isinstance(predicate, Indexed)
    yield from (test for test in predicate.tests if isinstance(test, Compare))
