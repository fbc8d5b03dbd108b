"""The cases on which validation against profiles is compared: HL7's profiles, its examples, and mutants.

https://hl7.org/fhir/R4/profiling.html
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from fhir_service.releases import Release
from tests.conformance.agreement import LARGEST_MUTATED
from tests.conformance.hl7_examples import Example

Resource = dict[str, Any]

SEED = "profiles"
PER_PROFILE = 8
MUTANTS = 4


class Case(NamedTuple):
    """A resource that claims a profile, and how it came to be."""

    release: str
    name: str
    kind: str
    profile: str
    resource: Resource


class Definitions:
    """What a package says: StructureDefinitions, and the value sets that it lists in full."""

    def __init__(self, release: Release, resources: Iterable[Resource]) -> None:
        self.release = release
        self._by_url = {
            (one["resourceType"], one["url"]): one
            for one in resources
            if one["resourceType"] in ("StructureDefinition", "ValueSet", "CodeSystem") and "url" in one
        }

    def structure(self, canonical: str) -> Resource | None:
        return self._by_url.get(("StructureDefinition", canonical.partition("|")[0]))

    def profiles(self) -> list[str]:
        """The canonicals of the profiles of resource types."""
        return sorted(
            url
            for (kind, url), one in self._by_url.items()
            if kind == "StructureDefinition"
            and one.get("derivation") == "constraint"
            and one["type"] in self.release.resource_types
        )

    def is_member(self, value_set: str, coding: Mapping[str, Any]) -> bool | None:
        found = self._by_url.get(("ValueSet", value_set.partition("|")[0]))
        compose = (found or {}).get("compose", {})
        if found is None or "exclude" in compose:
            return None
        answers = [self._is_included(one, coding) for one in compose.get("include", ())]
        return True if True in answers else None if None in answers or not answers else False

    def _is_included(self, include: Resource, coding: Mapping[str, Any]) -> bool | None:
        if "valueSet" in include or "filter" in include:
            return None
        if coding.get("system", include.get("system")) != include.get("system"):
            return False
        concepts = include.get("concept")
        if concepts is None:
            system = self._by_url.get(("CodeSystem", include.get("system", "")))
            if system is None or system.get("content") != "complete":
                return None
            concepts = list(_all_concepts(system))
        return coding.get("code") in {one["code"] for one in concepts}


def _all_concepts(holder: Resource) -> Iterator[Resource]:
    for one in holder.get("concept", ()):
        yield one
        yield from _all_concepts(one)


def cases(definitions: Definitions, examples: list[Example]) -> Iterator[Case]:
    """Yield every profile's examples, and those with one thing changed."""
    for profile in definitions.profiles():
        structure = definitions.structure(profile)
        assert structure is not None
        for one in chosen(profile, structure, examples):
            yield case(one, profile, "as published", one.resource)
            random_of = random.Random(f"{SEED} {profile} {one.name}")
            for _ in range(MUTANTS):
                kind, mutant = mutated(one.resource, random_of)
                yield case(one, profile, kind, mutant)


def case(one: Example, profile: str, kind: str, resource: Resource) -> Case:
    meta = resource.get("meta")
    claims = {**(meta if isinstance(meta, dict) else {}), "profile": [profile]}
    return Case(one.release, one.name, kind, profile, {**resource, "meta": claims})


def chosen(profile: str, structure: Resource, examples: list[Example]) -> list[Example]:
    """Those that claim the profile first, then those whose code it fixes, then seeded others of its type."""
    codes = set(_codes(structure.get("differential", {})))
    fitting = [
        one
        for one in examples
        if one.resource["resourceType"] == structure["type"] and one.size <= LARGEST_MUTATED
    ]
    random.Random(f"{SEED} {profile}").shuffle(fitting)
    return sorted(
        fitting, key=lambda one: (not _claims(one, profile), not codes & set(_codes(one.resource)))
    )[:PER_PROFILE]


def _claims(one: Example, profile: str) -> bool:
    meta = one.resource.get("meta")
    return isinstance(meta, dict) and profile in (meta.get("profile") or ())


def _codes(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            if name in ("code", "fixedCode") and isinstance(one, str) and any(map(str.isdigit, one)):
                yield one
            yield from _codes(one)
    elif isinstance(value, list):
        for one in value:
            yield from _codes(one)


def mutated(resource: Resource, random_of: random.Random) -> tuple[str, Resource]:
    """Return the resource with one thing changed somewhere outside its narrative."""
    mutant = deepcopy(resource)
    kind = random_of.choice(("member dropped", "member dropped", "text changed", "item doubled"))
    places = [place for place in _places(mutant) if _suits(kind, place)]
    if not places:
        return "as published", mutant
    holder, key = random_of.choice(places)
    if kind == "member dropped":
        del holder[key]
    elif kind == "text changed":
        holder[key] = f"{holder[key]}x"
    else:
        holder[key].append(deepcopy(holder[key][0]))
    return kind, mutant


Place = tuple[Any, Any]


def _places(value: Any) -> Iterator[Place]:
    members: Iterable[Place] = ()
    if isinstance(value, dict):
        members = [(name, one) for name, one in value.items() if name not in _KEPT]
    elif isinstance(value, list):
        members = list(enumerate(value))
    for key, one in members:
        yield value, key
        yield from _places(one)


_KEPT = ("resourceType", "id", "text", "meta", "contained")


def _suits(kind: str, place: Place) -> bool:
    holder, key = place
    value = holder[key]
    if kind == "member dropped":
        return isinstance(holder, dict)
    if kind == "text changed":
        return key in ("code", "system", "url", "unit") and isinstance(value, str)
    return isinstance(value, list) and isinstance(value[0], dict)


def bare(one: Case) -> Resource:
    """The resource without its claim."""
    meta = {name: value for name, value in one.resource["meta"].items() if name != "profile"}
    rest = {name: value for name, value in one.resource.items() if name != "meta"}
    return {**rest, "meta": meta} if meta else rest
