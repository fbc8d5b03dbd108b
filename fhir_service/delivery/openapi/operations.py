"""The part of openapi.yaml that describes operations, from the declarations by which they are routed.

https://hl7.org/fhir/R4/operations.html#executing and https://spec.openapis.org/oas/v3.1.0

At a release's own base its own parameter names are described; at the common base those of R4, its default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fhir_service.exchange import Interaction, Route
from fhir_service.operations.declaration import EVERY_TYPE, Input, Operation, is_simple
from fhir_service.releases import R4, Release

from .parts import TEXT, Json, reference

BODY = "Parameters"
_SCHEMAS: Mapping[str, Json] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
}


def described(
    interactions: Iterable[Interaction], release: Release | None, types: Iterable[str]
) -> Iterator[tuple[Interaction, Route, list[Json]]]:
    """Each route of an operation that this base has, with references to its query parameters."""
    served = frozenset(types)
    for interaction in interactions:
        operation = interaction.operation
        if operation is None:
            continue
        is_named = bool(operation.types) and operation.types != EVERY_TYPE
        if is_named and interaction.type_name not in served | _unserved(interaction):
            continue
        queries = [
            reference("parameters", _key(operation, name))
            for name, _ in _simple(operation, interaction.level, release or R4)
        ]
        for route in interaction.routes:
            yield interaction, route, queries


def _unserved(interaction: Interaction) -> frozenset[str]:
    """The type of an operation that needs none that is served."""
    operation = interaction.operation
    taken = operation is not None and operation.takes_unserved(interaction.level)
    return frozenset((interaction.type_name,) if taken else ())


def components(interactions: Iterable[Interaction], releases: Iterable[Release]) -> Json:
    """The query parameters of all operations, in every release's words."""
    every = list(releases)
    return {
        _key(one.operation, name): {
            "name": name,
            "in": "query",
            "description": declared.documentation,
            "schema": _schema(declared),
        }
        for one in interactions
        if one.operation is not None
        for release in every
        for name, declared in _simple(one.operation, one.level, release)
    }


def _simple(operation: Operation, level: str, release: Release) -> Iterator[tuple[str, Input]]:
    """What a query can hold, by the release's name for it."""
    for one in operation.inputs_at(level):
        name = one.name_in(release.name)
        if name and one.supported and is_simple(one.type) and not one.parts:
            yield name, one


def _key(operation: Operation, name: str) -> str:
    return f"{operation.id}.{name}"


def _schema(declared: Input) -> Json:
    schema = {**_SCHEMAS.get(declared.type, TEXT)}
    if declared.allowed:
        schema["enum"] = list(declared.allowed)
    return schema if declared.maximum == 1 else {"type": "array", "items": schema}
