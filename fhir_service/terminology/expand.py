"""$expand: the members of a value set, as a ValueSet with an expansion.

https://hl7.org/fhir/R4/valueset-operation-expand.html

    members    all of the value set's, kept from one request to the next
    choose     those that the text filter and the other parameters leave
    page       a part of them, always in the same order; only the whole may be nested
    render     each as `contains`, with the display, designations and properties that were asked for
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fhir_service.fhir.canonicals import split_canonical
from fhir_service.terminology.code_system import PROPERTIES, CodeSystem, Concept
from fhir_service.terminology.designations import LANGUAGES, Designation, display_in, is_in
from fhir_service.terminology.members import (
    Choices,
    Member,
    Members,
    members_of,
    require_whole,
    too_costly,
)
from fhir_service.terminology.resolver import Resolver
from fhir_service.terminology.value_set import ValueSet

MAXIMUM_CONTAINS = 10_000
"""More codes than these are not given in one answer."""

EVERY_PROPERTY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How the expansion is to be; `parameters` are echoed in it: (name, value[x] name, value)."""

    filter: str = ""
    offset: int = 0
    count: int | None = None
    active_only: bool = False
    include_designations: bool = False
    designations: tuple[str, ...] = ()
    include_definition: bool = False
    exclude_nested: bool = False
    exclude_not_for_ui: bool = False
    exclude_systems: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    choices: Choices = field(default_factory=Choices)
    parameters: tuple[tuple[str, str, Any], ...] = ()
    with_r5_elements: bool = True

    @property
    def is_paged(self) -> bool:
        return self.count is not None or self.offset > 0


def expand(value_set: ValueSet, resolver: Resolver, wish: Wish, timestamp: str) -> dict[str, Any]:
    """A ValueSet resource with the expansion.

    :raises NotFound: a value set that it includes is not known
    :raises Unprocessable: a code system is not known, or it is too large or circular
    """
    found = members_of(value_set, resolver, wish.choices)
    require_whole(found, resolver)
    # What the value set asks for unless the client does; only R5 can show it.
    properties = wish.properties or value_set.properties
    wish = replace(wish, properties=properties if wish.with_r5_elements else ())
    chosen = list(_chosen(found, wish))
    end = None if wish.count is None else wish.offset + wish.count
    page = chosen[wish.offset : end]
    if len(page) > MAXIMUM_CONTAINS:
        raise too_costly(value_set, f"{len(page)} codes, and one answer holds {MAXIMUM_CONTAINS}")
    renderer = _Renderer(wish, {(one.url, one.version): one for one in found.code_systems})
    nested = not (wish.exclude_nested or wish.is_paged or wish.filter)
    contains = renderer.nested(page) if nested else [renderer.contains(one) for one in page]
    parameters = list(_parameters(found, wish))
    expansion: dict[str, Any] = {
        "identifier": _identifier(value_set, found, parameters),
        "timestamp": timestamp,
        "total": len(chosen),
    }
    if wish.is_paged:
        expansion["offset"] = wish.offset
    expansion["parameter"] = [_echo(*one) for one in parameters]
    definitions = renderer.property_definitions()
    if definitions:
        expansion["property"] = definitions
    if contains:
        expansion["contains"] = contains
    return _around(value_set, wish, {key: value for key, value in expansion.items() if value != []})


def _chosen(found: Members, wish: Wish) -> Iterable[Member]:
    members: Iterable[Member] = found.members
    if wish.filter:
        members = (found.members[place] for place in found.haystack.find(wish.filter))
    if wish.active_only:
        members = (one for one in members if not one.is_inactive)
    if wish.exclude_not_for_ui:
        members = (one for one in members if not one.is_abstract)
    if wish.exclude_systems:
        unwanted = [split_canonical(one) for one in wish.exclude_systems]
        members = (
            one
            for one in members
            if not any(one.system == url and version in (None, one.version) for url, version in unwanted)
        )
    return members


def _parameters(found: Members, wish: Wish) -> Iterator[tuple[str, str, Any]]:
    yield from wish.parameters
    for system in found.code_systems:
        yield "used-codesystem", "valueUri", system.canonical
        if not wish.with_r5_elements:
            yield "version", "valueUri", system.canonical
        for supplement in system.supplements:
            yield "used-supplement", "valueUri", supplement
        if system.status in ("draft", "retired"):
            yield (
                f"warning-{'draft' if system.status == 'draft' else 'withdrawn'}",
                "valueUri",
                system.canonical,
            )
    for canonical in found.value_sets:
        yield "used-valueset", "valueUri", canonical
    for remark in found.remarks[:_MOST_REMARKS]:
        yield "warning", "valueString", remark


_MOST_REMARKS = 20


def _echo(name: str, value_name: str, value: Any) -> dict[str, Any]:
    return {"name": name, value_name: value}


def _identifier(value_set: ValueSet, found: Members, parameters: Sequence[tuple[str, str, Any]]) -> str:
    """The same for all pages of one expansion, another when anything in it may be different."""
    said = [value_set.key, *(one.key for one in found.code_systems), *found.value_sets]
    said += [f"{name}={value}" for name, _, value in parameters if name not in ("offset", "count")]
    return uuid.uuid5(uuid.NAMESPACE_OID, "\n".join(said)).urn


# What the definition says of itself is carried over; its text and its history are not about the expansion.
_LEFT_OUT = frozenset(("meta", "text", "expansion", "compose", "contained", "implicitRules"))


def _around(value_set: ValueSet, wish: Wish, expansion: dict[str, Any]) -> dict[str, Any]:
    carried = {
        name: value
        for name, value in value_set.resource.items()
        if name not in _LEFT_OUT or (name == "compose" and wish.include_definition)
    }
    return {**carried, "expansion": expansion}


class _Renderer:
    """Members as `ValueSet.expansion.contains`."""

    def __init__(self, wish: Wish, systems: dict[tuple[str, str | None], CodeSystem]) -> None:
        self.wish = wish
        self.systems = systems
        self.used: dict[str, str | None] = {}
        self._wanted = [_token(text) for text in wish.designations]

    def contains(self, member: Member) -> dict[str, Any]:
        shown: dict[str, Any] = {"system": member.system}
        if member.is_abstract:
            shown["abstract"] = True
        if member.is_inactive:
            shown["inactive"] = True
        if member.version:
            shown["version"] = member.version
        shown["code"] = member.code
        system = self.systems.get((member.system, member.version))
        display = member.shown
        if self.wish.languages:
            language = system.language if system and not member.display else None
            display = display_in(self.wish.languages, display, language, member.every_designation)
        if display:
            shown["display"] = display
        designations = [_designation(one, self.wish) for one in self._designations(member)]
        if designations:
            shown["designation"] = designations
        if self.wish.properties and member.concept is not None and system is not None:
            self._add_properties(shown, member.concept, system)
        return shown

    def nested(self, members: Sequence[Member]) -> list[dict[str, Any]]:
        """Those that the hierarchy puts below another member stand in it; listed ones stay as they are."""
        shown = [self.contains(one) for one in members]
        places = {
            (one.system, one.version, one.code): shown[place]
            for place, one in enumerate(members)
            if not one.is_listed
        }
        top = []
        for member, one in zip(members, shown, strict=True):
            above = None if member.is_listed else _above(member, places)
            if above is None:
                top.append(one)
            else:
                above.setdefault("contains", []).append(one)
        return top

    def _designations(self, member: Member) -> Iterator[Designation]:
        if not self.wish.include_designations and not self._wanted:
            return
        for one in member.every_designation:
            if not self._wanted or any(_is_wanted(one, *token) for token in self._wanted):
                yield one

    def _add_properties(self, shown: dict[str, Any], concept: Concept, system: CodeSystem) -> None:
        found = [
            (code, value_name, value)
            for code, value_name, value in _all_properties(concept)
            if self._is_asked(code, system)
        ]
        for code, _, _ in found:
            definition = system.properties.get(code)
            self.used.setdefault(code, definition.uri if definition else PROPERTIES + code)
        rendered = [{"code": code, value_name: value} for code, value_name, value in found]
        if rendered:
            shown["property"] = rendered

    def _is_asked(self, code: str, system: CodeSystem) -> bool:
        definition = system.properties.get(code)
        uri = definition.uri if definition else None
        return any(asked in (code, uri, EVERY_PROPERTY) for asked in self.wish.properties)

    def property_definitions(self) -> list[dict[str, Any]]:
        return [{"code": code, **({"uri": uri} if uri else {})} for code, uri in sorted(self.used.items())]


def _above(
    member: Member, places: dict[tuple[str, str | None, str], dict[str, Any]]
) -> dict[str, Any] | None:
    """The nearest member that the hierarchy has above this one."""
    seen: set[str] = {member.code}
    level = list(member.concept.parents) if member.concept else []
    while level:
        for one in level:
            found = places.get((member.system, member.version, one.code))
            if found is not None and one.code != member.code:
                return found
        seen |= {one.code for one in level}
        level = [parent for one in level for parent in one.parents if parent.code not in seen]
    return None


def _all_properties(concept: Concept) -> Iterator[tuple[str, str, Any]]:
    if concept.definition:
        yield "definition", "valueString", concept.definition
    for one in concept.properties:
        yield one.code, one.value_name, one.value
    for parent in concept.parents:
        if not any(one.text == parent.code and one.code == "parent" for one in concept.properties):
            yield "parent", "valueCode", parent.code


def _token(text: str) -> tuple[str | None, str]:
    system, bar, code = text.rpartition("|")
    return (system if bar else None), code


def _is_wanted(designation: Designation, system: str | None, code: str) -> bool:
    """`designation` asks by a language or by a use."""
    if system in (None, LANGUAGES) and is_in(designation.language, code):
        return True
    use = designation.use or {}
    return use.get("code") == code and system in (None, use.get("system"))


def _designation(one: Designation, wish: Wish) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if one.language:
        shown["language"] = one.language
    if one.use:
        shown["use"] = one.use
    if one.additional_use and wish.with_r5_elements:
        shown["additionalUse"] = list(one.additional_use)
    return {**shown, "value": one.value}
