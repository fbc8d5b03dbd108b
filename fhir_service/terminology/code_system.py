"""A CodeSystem, compiled: each concept by its code, with its parents, children, properties and words.

https://hl7.org/fhir/R4/codesystem.html and https://hl7.org/fhir/R4/codesystem-concept-properties.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from fhir_service.terminology.designations import Designation, designations_of

PROPERTIES = "http://hl7.org/fhir/concept-properties#"

# Properties that FHIR defines for every code system, by the name that has to be used where no uri says it.
_DEFINED = ("parent", "child", "inactive", "status", "notSelectable")
_INACTIVE = frozenset(("retired", "inactive"))


@dataclass(frozen=True, slots=True)
class Property:
    """`value_name` is valueCode, valueString ...; `source` is the supplement that it comes from."""

    code: str
    value_name: str
    value: Any
    source: str | None = None

    @property
    def text(self) -> str:
        """The value as a filter writes it."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, dict):
            return str(self.value.get("code", ""))
        return str(self.value)


@dataclass(slots=True, eq=False)
class Concept:
    """One concept; made once and then only read."""

    code: str
    display: str | None
    definition: str | None
    designations: tuple[Designation, ...]
    properties: tuple[Property, ...]
    parents: list[Concept] = field(default_factory=list, repr=False)
    children: list[Concept] = field(default_factory=list, repr=False)
    is_abstract: bool = False
    is_inactive: bool = False
    status: str | None = None


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    code: str
    uri: str | None
    description: str | None
    type: str | None


@dataclass(frozen=True)
class CodeSystem:
    """`key` names this very content: who holds it may keep what was worked out from it."""

    key: str
    url: str
    version: str | None
    name: str
    language: str | None
    status: str
    experimental: bool
    content: str
    is_case_sensitive: bool
    hierarchy_meaning: str | None
    version_needed: bool
    concepts: dict[str, Concept] = field(repr=False)
    properties: dict[str, PropertyDefinition]
    filters: frozenset[str]
    supplemented_system: str | None = None
    """Of a supplement: the canonical of the code system that it adds to."""
    supplements: tuple[str, ...] = ()
    """The canonicals of the supplements that are worked in."""

    @property
    def canonical(self) -> str:
        return f"{self.url}|{self.version}" if self.version else self.url

    @property
    def has_content(self) -> bool:
        """Whether what is here can be reasoned about: an example or an empty shell cannot."""
        return self.content in ("complete", "fragment")

    @property
    def subsumes(self) -> bool:
        """Whether a child is a kind of its parent; where nothing is said, it is."""
        return self.hierarchy_meaning in (None, "is-a")

    def find(self, code: str) -> Concept | None:
        found = self.concepts.get(code)
        if found is None and not self.is_case_sensitive:
            return self._folded.get(code.casefold())
        return found

    @cached_property
    def _folded(self) -> dict[str, Concept]:
        return {code.casefold(): concept for code, concept in self.concepts.items()}

    def property_codes(self, standard: str) -> frozenset[str]:
        """The codes of the properties that are FHIR's `parent`, `status` ... in this code system."""
        uri = PROPERTIES + standard
        by_uri = {one.code for one in self.properties.values() if one.uri == uri}
        named = self.properties.get(standard)
        return frozenset(by_uri | ({standard} if named is None or not named.uri else set()))


def ancestors(concept: Concept) -> set[str]:
    """The codes above it; the hierarchy may have several ways up, and by mistake a circle."""
    return _reached(concept, "parents")


def descendants(concept: Concept) -> set[str]:
    return _reached(concept, "children")


def _reached(concept: Concept, way: str) -> set[str]:
    found: set[str] = set()
    waiting: list[Concept] = list(getattr(concept, way))
    while waiting:
        one = waiting.pop()
        if one.code not in found:
            found.add(one.code)
            waiting.extend(getattr(one, way))
    return found


# Compiling


def compile_code_system(resource: dict[str, Any], key: str) -> CodeSystem:
    """The compiled form of a CodeSystem resource, a supplement included."""
    definitions = {
        one["code"]: PropertyDefinition(one["code"], one.get("uri"), one.get("description"), one.get("type"))
        for one in resource.get("property", ())
        if "code" in one
    }
    concepts: dict[str, Concept] = {}
    system = CodeSystem(
        key=key,
        url=resource.get("url", ""),
        version=resource.get("version"),
        name=resource.get("name") or resource.get("title") or resource.get("url", ""),
        language=resource.get("language"),
        status=resource.get("status", "unknown"),
        experimental=resource.get("experimental", False) is True,
        content=resource.get("content", "not-present"),
        is_case_sensitive=resource.get("caseSensitive", True) is not False,
        hierarchy_meaning=resource.get("hierarchyMeaning"),
        version_needed=resource.get("versionNeeded", False) is True,
        concepts=concepts,
        properties=definitions,
        filters=frozenset(one["code"] for one in resource.get("filter", ()) if "code" in one),
        supplemented_system=resource.get("supplements"),
    )
    for parent, source in _flat(resource.get("concept", ()), None):
        concept = _concept(source, parent)
        concepts.setdefault(concept.code, concept)
    _link(system)
    _mark(system)
    return system


def _flat(
    concepts: Iterable[dict[str, Any]], parent: str | None
) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Depth first, as they are written; without recursion, so that no depth is too deep."""
    waiting = [(parent, one) for one in reversed(list(concepts))]
    while waiting:
        above, one = waiting.pop()
        if "code" in one:
            yield above, one
        waiting.extend((one.get("code", above), child) for child in reversed(one.get("concept", ())))


def _concept(source: dict[str, Any], parent: str | None) -> Concept:
    properties = tuple(_properties(source, None))
    if parent is not None:
        properties = (*properties, Property(_NESTED, "valueCode", parent))
    return Concept(
        source["code"], source.get("display"), source.get("definition"), designations_of(source), properties
    )


_NESTED = ""  # marks the parent that nesting gives, until the concepts are linked


def _properties(source: dict[str, Any], supplement: str | None) -> Iterator[Property]:
    for one in source.get("property", ()):
        for name, value in one.items():
            if name.startswith("value") and "code" in one:
                yield Property(one["code"], name, value, supplement)


def _link(system: CodeSystem) -> None:
    above, below = system.property_codes("parent") | {_NESTED}, system.property_codes("child")
    for concept in system.concepts.values():
        for one in concept.properties:
            other = system.concepts.get(one.text)
            if other is not None and one.code in above:
                _join(other, concept)
            elif other is not None and one.code in below:
                _join(concept, other)
        concept.properties = tuple(one for one in concept.properties if one.code != _NESTED)


def _join(parent: Concept, child: Concept) -> None:
    if parent is not child and parent not in child.parents:
        child.parents.append(parent)
        parent.children.append(child)


def _mark(system: CodeSystem) -> None:
    codes = {name: system.property_codes(name) for name in _DEFINED}
    for concept in system.concepts.values():
        for one in concept.properties:
            if one.code in codes["notSelectable"]:
                concept.is_abstract = concept.is_abstract or one.text == "true"
            elif one.code in codes["inactive"]:
                concept.is_inactive = concept.is_inactive or one.text == "true"
            elif one.code in codes["status"]:
                concept.status = one.text
                concept.is_inactive = concept.is_inactive or one.text in _INACTIVE


# Supplements


def supplemented(system: CodeSystem, supplements: Sequence[CodeSystem]) -> CodeSystem:
    """The code system with the designations and properties that supplements add; it is left as it was."""
    if not supplements:
        return system
    concepts = {
        code: Concept(
            code=code,
            display=one.display,
            definition=one.definition,
            designations=one.designations,
            properties=one.properties,
            is_abstract=one.is_abstract,
            is_inactive=one.is_inactive,
            status=one.status,
        )
        for code, one in system.concepts.items()
    }
    for code, one in system.concepts.items():
        concepts[code].parents = [concepts[parent.code] for parent in one.parents]
        concepts[code].children = [concepts[child.code] for child in one.children]
    properties = dict(system.properties)
    for supplement in supplements:
        for code, definition in supplement.properties.items():
            properties.setdefault(code, definition)
        for code, added in supplement.concepts.items():
            concept = concepts.get(code)
            if concept is not None:
                _add(concept, added, supplement.canonical)
    return replace(
        system,
        key="+".join((system.key, *(one.key for one in supplements))),
        concepts=concepts,
        properties=properties,
        supplements=tuple(one.canonical for one in supplements),
    )


def _add(concept: Concept, added: Concept, source: str) -> None:
    """A supplement may also give the display, in its own language: it is one more way of saying it."""
    words = [replace(one, source=source) for one in added.designations]
    if added.display and added.display != concept.display:
        words.append(Designation(added.display, source=source))
    concept.designations = (*concept.designations, *words)
    concept.properties = (*concept.properties, *(replace(one, source=source) for one in added.properties))
