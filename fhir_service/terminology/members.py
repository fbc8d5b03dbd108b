"""The members of a value set, from its compose: worked out once, then kept.

https://hl7.org/fhir/R4/valueset.html#expansion

    for each include    the concepts of the system that it lists, or that pass all its filters, or all of them
                        and, where it names value sets, only what is in every one of these too
    for each exclude    the same, taken away

A member is one code of one system; where several includes give it, the first one's words count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fhir_service.errors import Unprocessable
from fhir_service.fhir.canonicals import join_canonical, split_canonical
from fhir_service.terminology.code_system import CodeSystem, Concept
from fhir_service.terminology.designations import Designation, designations_of
from fhir_service.terminology.filters import BadFilter, test_of
from fhir_service.terminology.problems import broken_value_set, unknown_code_system
from fhir_service.terminology.resolver import (
    Resolver,
    known_version,
    require_value_set,
    with_supplements,
)
from fhir_service.terminology.text_filter import Haystack
from fhir_service.terminology.value_set import Listed, Part, ValueSet

MAXIMUM_MEMBERS = 200_000
"""More than these are not held in memory for one value set."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Member:
    """`concept` is None where the code system is not here; `is_listed` when the value set named the code.

    `display` and `designations` are the value set's own, which come before those of the concept.
    """

    system: str
    version: str | None
    code: str
    display: str | None
    designations: tuple[Designation, ...]
    concept: Concept | None
    is_listed: bool
    is_abstract: bool = False
    is_inactive: bool = False

    @property
    def shown(self) -> str | None:
        return self.display or (self.concept.display if self.concept else None)

    @property
    def every_designation(self) -> tuple[Designation, ...]:
        return (*self.designations, *(self.concept.designations if self.concept else ()))

    def texts(self) -> Iterable[str]:
        yield self.code
        yield from filter(None, (self.display, self.concept.display if self.concept else None))
        yield from (one.value for one in self.every_designation)


@dataclass(frozen=True)
class Members:
    """`missing` are code systems without which the list is not whole, of the includes and the excludes.

    `used` are the code systems and value sets that it came from, `remarks` what a reader should know.
    """

    members: tuple[Member, ...]
    missing: tuple[str, ...] = ()
    missing_excludes: tuple[str, ...] = ()
    code_systems: tuple[CodeSystem, ...] = ()
    value_sets: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @cached_property
    def by_code(self) -> dict[Key, Member]:
        found: dict[Key, Member] = {}
        for one in self.members:
            found.setdefault((one.system, one.code), one)
        return found

    @cached_property
    def by_folded_code(self) -> dict[Key, Member]:
        """Those of code systems that do not tell case apart."""
        folded = {system.url for system in self.code_systems if not system.is_case_sensitive}
        return {(one.system, one.code.casefold()): one for one in self.members if one.system in folded}

    @cached_property
    def haystack(self) -> Haystack:
        return Haystack(one.texts() for one in self.members)

    def find(self, system: str, code: str) -> Member | None:
        return self.by_code.get((system, code)) or self.by_folded_code.get((system, code.casefold()))


@dataclass(frozen=True, slots=True)
class Choices:
    """How code systems are chosen: canonicals of `system-version` and its kin, and of supplements."""

    default: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    force: tuple[str, ...] = ()
    supplements: tuple[str, ...] = ()

    def version(self, system: str, written: str | None) -> str | None:
        forced = _of(system, self.force)
        return forced or written or _of(system, self.default) or _of(system, self.check)

    def check_version(self, system: str, version: str | None) -> None:
        wanted = _of(system, self.check)
        if wanted and version and version != wanted:
            raise Unprocessable(
                f"The value set uses `{join_canonical(system, version)}`, and check-system-version asks for"
                f" `{wanted}`.",
                issue_code="conflict",
            )


def _of(system: str, canonicals: Sequence[str]) -> str | None:
    return next((version for url, version in map(split_canonical, canonicals) if url == system), None)


def members_of(value_set: ValueSet, resolver: Resolver, choices: Choices = Choices()) -> Members:
    """All members, those that are inactive or abstract among them.

    :raises NotFound: a value set that it includes is not known
    :raises Invalid: a filter makes no sense
    :raises Unprocessable: it includes itself, or is too large
    """
    return _members(value_set, resolver, choices, ())


def _members(value_set: ValueSet, resolver: Resolver, choices: Choices, trail: tuple[str, ...]) -> Members:
    if value_set.url and value_set.url in trail:
        way = " includes ".join(f"`{url}`" for url in (*trail[trail.index(value_set.url) :], value_set.url))
        raise Unprocessable(f"The value sets are circular: {way}.")
    trail = (*trail, value_set.url)
    return resolver.kept(
        ("members", value_set.key, choices),
        lambda made: len(made.members),
        lambda: _Composing(resolver, choices, trail).compose(value_set),
    )


@dataclass
class _Composing:
    """The composition of one value set, as far as it has come."""

    resolver: Resolver
    choices: Choices
    trail: tuple[str, ...]
    missing: dict[str, None] = field(default_factory=dict)
    code_systems: dict[str, CodeSystem] = field(default_factory=dict)
    value_sets: dict[str, None] = field(default_factory=dict)
    remarks: dict[str, None] = field(default_factory=dict)

    def compose(self, value_set: ValueSet) -> Members:
        supplements = (*value_set.supplements, *self.choices.supplements)
        if not value_set.has_compose:
            listed = _stored_expansion(value_set.resource["expansion"])
            return Members(tuple({(one.system, one.code): one for one in listed}.values()))
        found: dict[tuple[str, str | None, str], Member] = {}
        for part in value_set.includes:
            for one in self._part(part, supplements):
                found.setdefault((one.system, one.version, one.code), one)
            if len(found) > MAXIMUM_MEMBERS:
                raise too_costly(value_set, f"more than {MAXIMUM_MEMBERS} codes")
        missing, self.missing = tuple(self.missing), {}
        for part in value_set.excludes:
            excluded = {(one.system, one.code) for one in self._part(part, supplements)}
            found = {key: one for key, one in found.items() if (one.system, one.code) not in excluded}
        members: Iterable[Member] = found.values()
        if value_set.leaves_out_inactive:
            members = (one for one in members if not one.is_inactive)
        return Members(
            tuple(members),
            missing,
            tuple(self.missing),
            tuple(self.code_systems.values()),
            tuple(self.value_sets),
            tuple(self.remarks),
        )

    def _part(self, part: Part, supplements: Sequence[str]) -> Iterable[Member]:
        found: Iterable[Member] | None = None
        if part.system is not None:
            found = self._of_system(part, part.system, supplements)
        for canonical in part.value_sets:
            imported = self._imported(canonical)
            if found is None:
                found = imported.members
            else:
                found = [one for one in found if (one.system, one.code) in imported.by_code]
        return found or ()

    def _imported(self, canonical: str) -> Members:
        value_set = require_value_set(self.resolver, *split_canonical(canonical))
        imported = _members(value_set, self.resolver, self.choices, self.trail)
        self.value_sets |= dict.fromkeys((value_set.canonical, *imported.value_sets))
        self.code_systems |= {one.key: one for one in imported.code_systems}
        self.missing |= dict.fromkeys((*imported.missing, *imported.missing_excludes))
        self.remarks |= dict.fromkeys(imported.remarks)
        return imported

    def _of_system(self, part: Part, url: str, supplements: Sequence[str]) -> Iterable[Member]:
        version = self.choices.version(url, part.version)
        system = self.resolver.code_system(url, version)
        self.choices.check_version(url, (system.version if system else None) or version)
        if system is None or not system.has_content:
            if part.concepts is not None:
                return [_listed(one, url, version, None) for one in part.concepts]
            self.missing[join_canonical(url, version)] = None
            return ()
        system = with_supplements(self.resolver, system, supplements)
        self.code_systems[system.key] = system
        if system.content == "fragment":
            self.remarks[f"`{system.canonical}` is a fragment: there may be more codes than these."] = None
        if part.concepts is not None:
            return self._of_list(part.concepts, system)
        return [_member(one, system) for one in _filtered(part, system)]

    def _of_list(self, concepts: Iterable[Listed], system: CodeSystem) -> Iterable[Member]:
        for one in concepts:
            concept = system.find(one.code)
            if concept is None and system.content == "complete":
                self.remarks[f"`{one.code}` is left out: it is not in `{system.canonical}`."] = None
                continue
            yield _listed(one, system.url, system.version, concept)


def _filtered(part: Part, system: CodeSystem) -> Iterable[Concept]:
    found: Iterable[Concept] = system.concepts.values()
    for one in part.filters:
        try:
            test = test_of(system, one.property, one.operator, one.value)
        except BadFilter as bad:
            raise broken_value_set(f"`{one.property} {one.operator} {one.value}`: {bad}.", one.path) from None
        found = filter(test, found)
    return found


def _member(concept: Concept, system: CodeSystem) -> Member:
    return Member(
        system=system.url,
        version=system.version,
        code=concept.code,
        display=None,
        designations=(),
        concept=concept,
        is_listed=False,
        is_abstract=concept.is_abstract,
        is_inactive=concept.is_inactive,
    )


def _listed(one: Listed, system: str, version: str | None, concept: Concept | None) -> Member:
    return Member(
        system=system,
        version=version,
        code=concept.code if concept else one.code,
        display=one.display,
        designations=one.designations,
        concept=concept,
        is_listed=True,
        is_abstract=concept.is_abstract if concept else False,
        is_inactive=concept.is_inactive if concept else False,
    )


def _stored_expansion(expansion: dict[str, Any]) -> Iterable[Member]:
    waiting = list(reversed(expansion.get("contains", ())))
    while waiting:
        one = waiting.pop()
        waiting.extend(reversed(one.get("contains", ())))
        if "code" in one and "system" in one:
            yield Member(
                system=one["system"],
                version=one.get("version"),
                code=one["code"],
                display=one.get("display"),
                designations=designations_of(one),
                concept=None,
                is_listed=True,
                is_abstract=one.get("abstract", False) is True,
                is_inactive=one.get("inactive", False) is True,
            )


def require_whole(found: Members, resolver: Resolver) -> None:
    """:raises Unprocessable: a code system without which the list is not whole is not known"""
    missing = (*found.missing, *found.missing_excludes)
    if missing:
        known = known_version(resolver, *split_canonical(missing[0]))
        raise unknown_code_system("`, `".join(missing), known_version=known if len(missing) == 1 else None)


def too_costly(value_set: ValueSet, why: str) -> Unprocessable:
    """Too large an expansion: https://hl7.org/fhir/R4/valueset-operation-expand.html."""
    return Unprocessable(
        f"The expansion of `{value_set.name}` is too large: {why}. Narrow it with `filter`, or take it in"
        " pages with `offset` and `count`.",
        issue_code="too-costly",
    )
