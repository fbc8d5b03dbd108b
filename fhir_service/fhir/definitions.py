"""What pure FHIR code needs to know of a release's types; `fhir_service.releases.Release` fits it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class ElementDefinition(Protocol):
    """One element of a type."""

    @property
    def types(self) -> tuple[str, ...]: ...

    @property
    def json_names(self) -> tuple[tuple[str, str], ...]:
        """JSON property names, each with the type it holds; a choice has several."""

    @property
    def is_choice(self) -> bool: ...

    @property
    def repeats(self) -> bool: ...


class TypeDefinition(Protocol):
    """A type and its elements."""

    @property
    def kind(self) -> str: ...

    @property
    def elements(self) -> Mapping[str, ElementDefinition]: ...

    @property
    def json_names(self) -> Mapping[str, tuple[ElementDefinition, str]]:
        """JSON property name -> the element and the type it holds there."""


class Definitions(Protocol):
    """The types of one release."""

    def type_definition(self, name: str) -> TypeDefinition:
        """Return a type; KeyError when there is none of that name."""

    def __hash__(self) -> int: ...
