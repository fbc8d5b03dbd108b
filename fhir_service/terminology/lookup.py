"""$lookup: what a code system says of one code.

https://hl7.org/fhir/R4/codesystem-operation-lookup.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_service.errors import NotFound
from fhir_service.terminology.code_system import CodeSystem, Concept
from fhir_service.terminology.designations import Designation, display_in, is_in

# Properties that have an output of their own.
_NAMED = frozenset(("name", "version", "display", "url"))
EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class FoundProperty:
    """`value_name` is valueCode, valueString ...; `description` is the display of a code."""

    code: str
    value_name: str
    value: Any
    description: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    system: CodeSystem
    concept: Concept
    display: str
    definition: str | None
    designations: tuple[Designation, ...]
    properties: tuple[FoundProperty, ...]


def lookup(
    system: CodeSystem, code: str, *, properties: Sequence[str] = (), languages: Sequence[str] = ()
) -> Found:
    """The concept with the properties that are asked for, by default all but its children.

    :raises NotFound: the code system has no such code
    """
    concept = system.find(code)
    if concept is None:
        raise unknown_code(system, code)
    display = display_in(languages, concept.display, system.language, concept.designations)
    asked = frozenset(properties)
    return Found(
        system=system,
        concept=concept,
        display=display or concept.code,
        definition=concept.definition if _wanted("definition", asked) else None,
        designations=tuple(_designations(concept, asked)),
        properties=tuple(_properties(system, concept, asked)),
    )


def unknown_code(system: CodeSystem, code: str) -> NotFound:
    more = ""
    if system.content == "fragment":
        more = " It is a fragment: another part of it may have the code."
    return NotFound(f"The code `{code}` is not in the code system `{system.canonical}`.{more}")


def _wanted(name: str, asked: frozenset[str]) -> bool:
    return not asked or EVERYTHING in asked or name in asked


def _designations(concept: Concept, asked: frozenset[str]) -> Iterator[Designation]:
    languages = [name.removeprefix("lang.") for name in asked if name.startswith("lang.")]
    for one in concept.designations:
        if _wanted("designation", asked) or any(is_in(one.language, wanted) for wanted in languages):
            yield one


def _properties(system: CodeSystem, concept: Concept, asked: frozenset[str]) -> Iterator[FoundProperty]:
    hierarchy = {name: system.property_codes(name) for name in ("parent", "child")}
    if _wanted("inactive", asked) and not any(
        one.code in system.property_codes("inactive") for one in concept.properties
    ):
        yield FoundProperty("inactive", "valueBoolean", concept.is_inactive)
    if "abstract" in asked:
        yield FoundProperty("abstract", "valueBoolean", concept.is_abstract)
    for one in concept.properties:
        if one.code in hierarchy["parent"] | hierarchy["child"]:
            continue  # they come below, with those that nesting gives
        if _wanted(one.code, asked) and one.code not in _NAMED:
            yield FoundProperty(
                one.code, one.value_name, one.value, _description(system, one.value), one.source
            )
    if _wanted("parent", asked):
        for parent in concept.parents:
            yield FoundProperty("parent", "valueCode", parent.code, parent.display)
    if "child" in asked or EVERYTHING in asked:
        for child in concept.children:
            yield FoundProperty("child", "valueCode", child.code, child.display)


def _description(system: CodeSystem, value: Any) -> str | None:
    if isinstance(value, dict):
        display = value.get("display")
        return display if isinstance(display, str) else None
    other = system.concepts.get(value) if isinstance(value, str) else None
    return other.display if other else None
