"""What is declared, held against HL7's own OperationDefinitions of every release."""

from collections.abc import Iterator
from typing import Any

import pytest

from fhir_service.operations import OPERATIONS
from fhir_service.operations.declaration import ANY, Input, Operation, Output
from fhir_service.releases import RELEASES, Release

DECLARED = [
    pytest.param(operation, release, id=f"{operation.id} {name}")
    for operation in OPERATIONS
    for name, release in RELEASES.items()
    if operation.id in release.operations
]
# HL7's packages say `Element` for a value of any type.
_SAME = {"Element": ANY, "Any": ANY}
# R5 calls these a uri, and describes them as what they are.
_MISTYPED = {
    "targetCode": "code",
    "targetCoding": "Coding",
    "targetCodeableConcept": "CodeableConcept",
}
# R4 has as `uri` what later releases have as `canonical`.
_CALLED_URI = {"uri": "canonical"}


def published(operation: Operation, release: Release) -> dict[str, Any]:
    found: dict[str, Any] = release.operations[operation.id]
    return found


@pytest.mark.parametrize(("operation", "release"), DECLARED)
def test_code_types_and_levels_are_hl7s(operation: Operation, release: Release) -> None:
    theirs = published(operation, release)
    assert operation.code == theirs["code"]
    assert set(theirs["levels"]) <= set(operation.levels)
    if "system" not in operation.levels:
        assert set(theirs["types"]) <= set(operation.types)
    assert operation.affects_state == theirs["affectsState"]


@pytest.mark.parametrize(("operation", "release"), DECLARED)
def test_every_parameter_of_hl7_is_declared_under_its_name_with_its_type(
    operation: Operation, release: Release
) -> None:
    theirs = published(operation, release)["parameters"]
    declared: tuple[Input | Output, ...] = (*operation.inputs, *operation.outputs)
    assert list(_missing(theirs, declared, release.name)) == []


def _missing(theirs: list[Any], declared: tuple[Input | Output, ...], release: str) -> Iterator[str]:
    ours = {(one.use, one.name_in(release)): one for one in declared}
    for use, name, minimum, maximum, type_name, parts in theirs:
        one = ours.get((use, name))
        if one is None:
            yield f"{use} {name} is not declared"
            continue
        type_name = _MISTYPED.get(name, type_name)
        if not parts and one.type not in (_SAME.get(type_name, type_name), _CALLED_URI.get(type_name)):
            yield f"{use} {name} is {one.type}, not {type_name}"
        if use == "in" and (one.minimum > minimum or str(one.maximum or "*") != maximum):
            yield f"{use} {name} is {one.minimum}..{one.maximum or '*'}, not {minimum}..{maximum}"
        yield from (f"{name}: {told}" for told in _missing(parts, one.parts, release))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_no_name_means_two_parameters(operation: Operation) -> None:
    names = [name for one in operation.inputs for name in one.every_name]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_what_it_claims_of_hl7_is_defined_by_hl7(operation: Operation) -> None:
    if operation.canonical.startswith("http://hl7.org/fhir/OperationDefinition/"):
        assert any(operation.id in release.operations for release in RELEASES.values())
