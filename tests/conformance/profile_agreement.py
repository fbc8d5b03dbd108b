"""How far validation against profiles and the official validator agree; writes the table in docs/profiles.md.

https://hl7.org/fhir/R4/profiling.html

    python -m tests.conformance.profile_agreement     and the sample of it that `make test` runs

Every profile of a resource type in HL7's packages, on HL7's examples that claim it and on seeded others of
its type, each as published (but claiming the profile) and with one thing changed. Compared is whether the
profile adds an error: what both say of the same resource without the claim does not count.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from fhir_service.formats import fhir_json
from fhir_service.profiles import Profiles
from fhir_service.releases import RELEASES
from tests.conformance.agreement import (
    LARGEST_MUTATED,
    SAMPLES,
    RawError,
    TolerantValidator,
    dumped,
    is_unread,
)
from tests.conformance.hl7_examples import DEFINITIONS, EXAMPLES, ROOT, fetched, read_examples
from tests.conformance.official_validator import Job
from tests.conformance.profile_cases import SEED, Case, Definitions, Resource, bare, cases

TABLE = ROOT / "docs" / "profiles.md"
START, END = "<!-- agreement -->\n", "<!-- /agreement -->\n"
CACHE = ROOT / "var" / "profile-agreement.jsonl"
CORE = "http://hl7.org/fhir/StructureDefinition/"
UNEVALUABLE = f"{CORE}subscription-notification-bundle"
"""Its discriminator leads nowhere, which the official validator takes for the instance's fault."""
SAMPLE = 120
SAMPLED_PROFILES = 10
KEPT = (
    "id", "path", "sliceName", "slicing", "min", "max", "base", "type", "contentReference", "maxLength",
    "binding", "constraint", "isModifier",
)  # fmt: skip
KEPT_CHOICES = ("fixed", "pattern", "minValue", "maxValue")


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
        yield Comparison(
            one, added_issues(profiles, one, "error"), added_issues(profiles, one, "warning"), added
        )


def _without_source(location: str, message: str) -> tuple[str, str]:
    """What is said, without the profile that demands it: the type and its profile may both."""
    return location, re.split(r" \((?:from|defined in|type:|log:) ", message)[0]


def added_issues(profiles: Profiles, one: Case, severity: str) -> list[str]:
    """What we say of the case beside what we say of it without its claim."""
    before = _issues(profiles, bare(one))
    added = [found for found in _issues(profiles, one.resource) if found not in before]
    return [text for found, text in added if found == severity]


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


def sample(compared: list[Comparison], definitions: Definitions) -> list[Any]:
    """Return what `make test` looks at: a few profiles, cut to what is checked, then their cases.

    A case whose verdict hangs on a value set is left out: the sample has none.
    """
    release = definitions.release
    urls = [url for url in definitions.profiles() if url != UNEVALUABLE]
    random.Random(SEED).shuffle(urls)
    chosen = sorted({*urls[:SAMPLED_PROFILES], *(f"{CORE}{name}" for name in ("bp", "vitalsigns"))})
    structures = [slim(one) for url in chosen if (one := definitions.structure(url)) is not None]
    profiles = Profiles(release, Definitions(release, structures).structure)
    found = [one for one in compared if one.case.profile in chosen and len(dumped(one.case.resource)) < 6000]
    random.Random(SEED).shuffle(found)
    same = [one for one in found if bool(added_issues(profiles, one.case, "error")) == bool(one.ours)]
    # Half of them accepted, as far as there are so many: most mutants are refused.
    refused = [one for one in same if one.official]
    accepted = [one for one in same if not one.official]
    taken = [*accepted[: SAMPLE // 2], *refused][:SAMPLE]
    rows = [[*one.case[1:4], bool(one.official), one.case.resource] for one in taken]
    return [structures, *rows]


def slim(structure: Resource) -> Resource:
    """A StructureDefinition without its words."""
    view = "snapshot" if "snapshot" in structure else "differential"
    elements = [
        {name: value for name, value in element.items() if name in KEPT or name.startswith(KEPT_CHOICES)}
        for element in structure[view]["element"]
    ]
    kept = ("resourceType", "url", "version", "type", "baseDefinition", "derivation")
    return {name: structure[name] for name in kept if name in structure} | {view: {"element": elements}}


def write_sample(release: str, rows: list[Any]) -> None:
    text = "".join(f"{dumped(row)}\n" for row in rows)
    # mtime=0: the same sample is the same file.
    (SAMPLES / f"profiles-{release}.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def read_sample(release: str) -> tuple[Profiles, list[tuple[Case, bool]]]:
    """Return the profiles, and each case with whether the official validator refuses it for its profile."""
    with gzip.open(SAMPLES / f"profiles-{release}.jsonl.gz", "rt", encoding="utf-8") as lines:
        structures, *rows = [json.loads(line, parse_float=Decimal) for line in lines]
    found = [
        (Case(release, name, kind, url, resource), refused) for name, kind, url, refused, resource in rows
    ]
    return Profiles(RELEASES[release], Definitions(RELEASES[release], structures).structure), found


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
        found = list(compare(profiles, every))
        write_sample(release.name, sample(found, definitions))
        compared += found
    for one in compared:
        if not one.agrees:
            print(json.dumps([*one.case[:4], one.ours, one.untold, one.official], ensure_ascii=False))
    before, _, rest = TABLE.read_text(encoding="utf-8").partition(START)
    TABLE.write_text(f"{before}{START}{report(compared)}{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(f"written: {TABLE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
