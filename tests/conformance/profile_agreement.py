"""How far validation against profiles and the official validator agree; writes the table in docs/profiles.md.

https://hl7.org/fhir/R4/profiling.html

    python -m tests.conformance.profile_agreement

Every profile of a resource type in HL7's packages, on HL7's examples that claim it and on seeded others of
its type, each as published (but claiming the profile) and with one thing changed. Compared is whether the
profile adds an error: what both say of the same resource without the claim does not count.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from fhir_service.formats import fhir_json
from fhir_service.profiles import Profiles
from fhir_service.releases import RELEASES, Release
from tests.conformance.agreement import (
    LARGEST_MUTATED,
    RawError,
    TolerantValidator,
    dumped,
    is_unread,
)
from tests.conformance.hl7_examples import DEFINITIONS, EXAMPLES, ROOT, Example, fetched, read_examples
from tests.conformance.official_validator import Job

Resource = dict[str, Any]

SEED = "profiles"
PER_PROFILE = 8
MUTANTS = 4
TABLE = ROOT / "docs" / "profiles.md"
START, END = "<!-- agreement -->\n", "<!-- /agreement -->\n"
CACHE = ROOT / "var" / "profile-agreement.jsonl"


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


def official_errors(every: list[Case]) -> list[tuple[list[RawError], list[RawError]]]:
    """Ask about each case with and without its claim, save for what has been asked before."""
    known: dict[str, list[RawError]] = {}
    if CACHE.exists():
        rows = [json.loads(line) for line in CACHE.read_text(encoding="utf-8").splitlines()]
        known = {key: [(a, b, c) for a, b, c in errors] for key, errors in rows}
    wanted: dict[str, Job] = {}
    for one in every:
        for resource in (one.resource, bare(one)):
            key = f"{one.release} {dumped(resource)}"
            wanted.setdefault(key, Job(one.release, key, json.loads(dumped(resource))))
    missing = [job for key, job in wanted.items() if key not in known]
    if missing:
        CACHE.parent.mkdir(exist_ok=True)
        with TolerantValidator() as official, CACHE.open("a", encoding="utf-8") as cache:
            for start in range(0, len(missing), 250):
                part = missing[start : start + 250]
                found: dict[str, list[RawError]] = {job.name: [] for job in part}
                for finding in official.validate_all(part):
                    if finding.is_error:
                        found[finding.name].append((finding.message_id, finding.location, finding.message))
                for key, errors in found.items():
                    cache.write(json.dumps([key, errors]) + "\n")
                known |= found
                print(f"official validator: {min(start + 250, len(missing))} of {len(missing)}", flush=True)
    return [
        (known[f"{one.release} {dumped(one.resource)}"], known[f"{one.release} {dumped(bare(one))}"])
        for one in every
    ]


class Comparison(NamedTuple):
    """A case and the errors that its profile adds, in the eyes of each."""

    case: Case
    ours: list[str]
    untold: list[str]
    official: list[str]

    @property
    def agrees(self) -> bool:
        return bool(self.ours) == bool(self.official)


def compare(profiles: Profiles, every: list[Case]) -> Iterator[Comparison]:
    for one, (claimed, plain) in zip(every, official_errors(every), strict=True):
        if is_unread(claimed) or is_unread(plain):
            continue
        said = [f"{location}: {message} [{id_}]" for id_, location, message in claimed]
        before = {_without_source(location, message) for _, location, message in plain}
        added = [
            text
            for text, (_, location, message) in zip(said, claimed, strict=True)
            if _without_source(location, message) not in before
        ]
        ours = _issues(profiles, one.resource)
        mine = _issues(profiles, bare(one))
        new = [(severity, text) for severity, text in ours if (severity, text) not in mine]
        yield Comparison(
            one,
            [text for severity, text in new if severity == "error"],
            [text for severity, text in new if severity == "warning"],
            added,
        )


def _without_source(location: str, message: str) -> tuple[str, str]:
    """What is said, without the profile that demands it: the type and its profile may both."""
    return location, re.split(r" \((?:from|defined in|type:|log:) ", message)[0]


def _issues(profiles: Profiles, resource: Resource) -> list[tuple[str, str]]:
    found = profiles.validate(fhir_json.parse(dumped(resource).encode()))
    return [(one.severity, f"{one.expression[0]}: {one.diagnostics}") for one in found]


def report(compared: list[Comparison]) -> str:
    lines = [
        "| Release | Cases | Both accept | Both refuse | Only we refuse | Only official | Agreement |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for release in RELEASES:
        found = [one for one in compared if one.case.release == release]
        counts = Counter((bool(one.ours), bool(one.official)) for one in found)
        agree = 100 * sum(one.agrees for one in found) / len(found)
        lines.append(
            f"| {release.upper()} | {len(found)} | {counts[False, False]} | {counts[True, True]} | "
            f"{counts[True, False]} | {counts[False, True]} | {agree:.2f} % |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    compared: list[Comparison] = []
    for package, published in zip(DEFINITIONS, EXAMPLES, strict=True):
        release = RELEASES[package.release]
        definitions = Definitions(release, (one.resource for one in read_examples(package, fetched(package))))
        examples = [
            one for one in read_examples(published, fetched(published)) if one.size <= LARGEST_MUTATED
        ]
        examples = [one for one in examples if one.resource["resourceType"] in release.resource_types]
        every = list(cases(definitions, examples))
        print(f"{release.label}: {len(every)} cases", flush=True)
        profiles = Profiles(release, definitions.structure, definitions.is_member)
        compared += compare(profiles, every)
    for one in compared:
        if not one.agrees:
            print(json.dumps([*one.case[:4], one.ours, one.untold, one.official], ensure_ascii=False))
    before, _, rest = TABLE.read_text(encoding="utf-8").partition(START)
    TABLE.write_text(f"{before}{START}{report(compared)}{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(f"written: {TABLE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
