"""What the compiler needs to know of a release's types; `fhir_service.releases.Release` fits it.

https://hl7.org/fhir/R4/fhirpath.html#types
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class ElementLike(Protocol):
    """One element of a type."""

    @property
    def types(self) -> tuple[str, ...]: ...

    @property
    def json_names(self) -> tuple[tuple[str, str], ...]:
        """JSON property names, each with the type it holds; a choice has several."""


class TypeLike(Protocol):
    """A type and its elements."""

    @property
    def kind(self) -> str: ...

    @property
    def elements(self) -> Mapping[str, ElementLike]: ...


class Schema(Protocol):
    """The types of one release."""

    def type_definition(self, name: str) -> TypeLike:
        """Return a type; KeyError when there is none of that name."""

    def __hash__(self) -> int: ...

    def required_codes(self, value_set: str) -> frozenset[str] | None:
        """Return the codes of a value set, or None when they are not known."""

    def is_a(self, name: str, ancestor: str) -> bool:
        """Say whether a type is, or derives from, another."""
