"""Search parameter types: one file each, named as FHIR names them.

https://hl7.org/fhir/R4/search.html#ptypes

Each module holds
    COLUMNS                            the index table's own columns, in the order in which rows give them
    modifiers(parameter)               the modifiers it understands, besides `:missing`
    rows(type_name, value)             index rows of one element, given its FHIR type and its JSON value
    other_rows(parameter, type_name, value)
                                       what its modifiers look for, kept under the parameter's code with a
                                       suffix: (suffix, table, row)
    predicate(parameter, modifier, text, context)
                                       what one value of a query asks for; raises Invalid

A composite keeps no rows of its own: its parts are rows of their own types that share an element number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from fhir_service.search.definitions import SearchParameter
from fhir_service.search.hierarchies import Hierarchy
from fhir_service.search.predicates import Predicate

Row: TypeAlias = tuple[str | int | float | None, ...]
OtherRow: TypeAlias = tuple[str, str, Row]


class CodeSets(Protocol):
    """Sets of codes, each as code system -> codes; what is not known or too large is a ServiceError."""

    def in_value_set(self, reference: str) -> Mapping[str, Sequence[str]]:
        """Those of a value set, by its canonical or by `ValueSet/id`."""

    def below(self, system: str, code: str) -> Mapping[str, Sequence[str]]:
        """The code and all that are a kind of it."""

    def above(self, system: str, code: str) -> Mapping[str, Sequence[str]]:
        """The code and all that it is a kind of."""


Place: TypeAlias = tuple[str, str]
"""What a reference names, as the index keeps it: a logical id and its type, or a URL and no type."""


class Hierarchies(Protocol):
    """Resources that stand in a hierarchy of their type; too many of them are a ServiceError."""

    @property
    def readable(self) -> frozenset[str]:
        """The types that may be looked through."""

    def below(self, start: Place, hierarchy: Hierarchy) -> Sequence[Place]:
        """The start and all that leads up to it."""

    def above(self, start: Place, hierarchy: Hierarchy) -> Sequence[Place]:
        """The start and all that it leads up to."""


class Versions(Protocol):
    """Business versions of canonical resources; what has no order that is known is a ServiceError."""

    def above(self, parameter: SearchParameter, url: str, version: str) -> Sequence[str]:
        """Those that come after this one, among all that references under the parameter name."""


@dataclass(frozen=True)
class Context:
    """What a value's meaning may depend on besides the parameter.

    `bases` are this service's own base URLs (a reference may be given in full), `now` is the time in
    microseconds (an approximate date is the vaguer the farther away it is), `codes` is what is known of
    terminology, `hierarchies` what is known of resources that are parts of others, `versions` what
    is known of the versions of canonical ones.
    """

    bases: tuple[str, ...] = ()
    now: int = 0
    codes: CodeSets | None = None
    hierarchies: Hierarchies | None = None
    versions: Versions | None = None


class SearchParameterType(Protocol):
    COLUMNS: tuple[str, ...]

    def modifiers(self, parameter: SearchParameter) -> tuple[str, ...]: ...

    def rows(self, type_name: str, value: Any) -> Iterable[Row]: ...

    def other_rows(self, parameter: SearchParameter, type_name: str, value: Any) -> Iterable[OtherRow]: ...

    def predicate(
        self, parameter: SearchParameter, modifier: str | None, text: str, context: Context
    ) -> Predicate: ...


def _registry() -> Mapping[str, SearchParameterType]:
    from fhir_service.search.param_types import date, number, quantity, reference, string, token, uri

    return {
        "date": date,
        "number": number,
        "quantity": quantity,
        "reference": reference,
        "string": string,
        "token": token,
        "uri": uri,
    }


# Those that have an index table of their own.
PARAM_TYPES = _registry()


def _kinds() -> Mapping[str, SearchParameterType]:
    from fhir_service.search.param_types import special

    return {**PARAM_TYPES, "special": special}


_KINDS = _kinds()


def kind_of(parameter: SearchParameter) -> SearchParameterType:
    """What indexes and reads a parameter."""
    return _KINDS[parameter.type]
