"""How far the gate and the official validator agree; `make agreement` runs it and writes docs/agreement.md.

https://hl7.org/fhir/R4/validation.html

    python -m tests.conformance.agreement           all of HL7's examples and their mutants: ten minutes
    python -m tests.conformance.agreement --sample  write the seeded sample that `make test` runs
    python -m tests.conformance.agreement --seed X  only mutants by seeds that nobody has looked at, held out

The gate was made while the disagreements of the seed `agreement` were looked at. What it is worth on others
only mutants can tell that were drawn afterwards: `--seed` draws them and writes the held-out part of the
document, and a seed that has once been looked at is spent.

The official validator also judges what is no business of the gate (profiles, terminology beyond required
bindings, whether things exist). Those errors are set aside by their message ids below, counted, and listed
with their reason.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from fhir_service.releases import RELEASES
from fhir_service.releases.validator import validator
from tests.conformance.hl7_examples import EXAMPLES, LARGEST, ROOT, Example, fetched, read_examples
from tests.conformance.mutants import MUTATIONS, Mutator
from tests.conformance.official_validator import Finding, Job, OfficialValidator

TABLE = ROOT / "docs" / "agreement.md"
SAMPLES = Path(__file__).parent / "agreement"
CACHE = ROOT / "var" / "agreement.jsonl"
SEED = "agreement"
"""The seed that was looked at while the gate was made."""
PUBLISHED = "as published"
MUTATED = 300
"""Examples a release from which mutants are made, one of each kind."""
HELD_OUT = 300
"""The same, for a held-out seed."""
LARGEST_MUTATED = 20_000
PER_TYPE = 12
"""At most so many of one resource type are mutated: most examples are code systems and definitions."""
SAMPLE = 300

FAILED = "HARNESS-FAILURE"

TERMINOLOGY = "codes and displays beyond required bindings"
DEFINITIONS = "the logic of definitions, and how HL7 publishes them"
PROFILES = "profiles and the definitions of extensions"
EXISTENCE = "whether what is referred to exists or can be fetched"
CONTENT = "what an attachment holds"

# Message ids (a prefix of them) -> why the gate does not judge that.
OUTSIDE = {
    "Terminology_PassThrough": TERMINOLOGY,
    "Terminology_TX_System": TERMINOLOGY,
    "Display_": TERMINOLOGY,
    "CONCEPTMAP_": TERMINOLOGY,
    "VALUESET_": DEFINITIONS,
    "CODESYSTEM_": DEFINITIONS,
    "SD_": DEFINITIONS,
    "ED_": DEFINITIONS,
    "SM_": DEFINITIONS,
    "IG_": DEFINITIONS,
    "MEASURE_": DEFINITIONS,
    "SEARCHPARAMETER_": DEFINITIONS,
    "FHIRPATH_": DEFINITIONS,
    "ERROR_GENERATING_SNAPSHOT": DEFINITIONS,
    "VALIDATION_HL7_": DEFINITIONS,
    "Extension_": PROFILES,
    "Profile_EXT_": PROFILES,
    "Validation_VAL_Profile_Minimum_SLICE": PROFILES,
    "Reference_REF_CantResolve": EXISTENCE,
    "BUNDLE_BUNDLE_ENTRY_NOTFOUND": EXISTENCE,
    "Type_Specific_Checks_DT_XHTML_Resolve": EXISTENCE,
    "VALIDATION_VAL_PROFILE_": EXISTENCE,
    "Validation_VAL_Profile_Unknown": EXISTENCE,
    "TYPE_SPECIFIC_CHECKS_DT_ATT_HASH": CONTENT,
}
# ... save for these.
INSIDE = ("Extension_EXT_Url_NotFound", "Extension_EXT_URL_Absolute")
_CURRENCY = 'Unknown code "urn:iso:std:iso:4217#'
_OF_PROFILE = re.compile(r"http://hl7\.org/fhir/StructureDefinition/([A-Za-z0-9-]+)")
_MINIMUM = re.compile(r"([A-Za-z.]+)\.([A-Za-z]+)(?:\[x\])?: minimum required = 1")
_SLICING = re.compile(r"slic(?:e|ing)|Same id '")


class Case(NamedTuple):
    """A resource and how it came to be."""

    release: str
    name: str
    kind: str
    resource: dict[str, Any]


RawError = tuple[str, str, str]
"""Message id, location and message of one of the official validator's errors."""


class Verdict(NamedTuple):
    """What the official validator said: errors that are the gate's business, and reasons of the others."""

    errors: list[RawError]
    outside: list[str]


def cases(release: str, examples: list[Example]) -> Iterator[Case]:
    """Yield every example as published, and the mutants."""
    for one in examples:
        yield Case(release, one.name, PUBLISHED, one.resource)
    yield from mutants(release, chosen(examples, SEED)[:MUTATED], "")


def held_out(release: str, examples: list[Example], seed: str) -> list[Case]:
    """Return mutants by another seed, without those that the seed that was looked at makes as well."""
    seen = {key_of(one) for one in mutants(release, chosen(examples, SEED)[:MUTATED], "")}
    fresh = mutants(release, chosen(examples, seed)[:HELD_OUT], f"{seed} ")
    return [one for one in fresh if key_of(one) not in seen]


def mutants(release: str, examples: list[Example], seed: str) -> Iterator[Case]:
    """Yield a mutant of each kind of each example, where it offers a place for one."""
    mutator = Mutator(RELEASES[release])
    for one in examples:
        for kind in MUTATIONS:
            mutant = mutator.mutant(one.resource, kind, f"{seed}{release} {one.name}")
            if mutant is not None:
                yield Case(release, one.name, kind, mutant)


def chosen(examples: list[Example], seed: str) -> list[Example]:
    """Return the examples to mutate in seeded order: small enough, and not too many of one type."""
    shuffled = [one for one in examples if one.size <= LARGEST_MUTATED]
    random.Random(seed).shuffle(shuffled)
    seen: Counter[str] = Counter()
    found = []
    for one in shuffled:
        type_name = one.resource["resourceType"]
        seen[type_name] += 1
        if seen[type_name] <= PER_TYPE:
            found.append(one)
    return found


def sample(every: list[Case]) -> list[Case]:
    """Return the seeded sample of a release's cases that `make test` runs: each kind in equal parts."""
    kinds = [PUBLISHED, *MUTATIONS]
    small = {kind: [one for one in every if one.kind == kind and is_small(one)] for kind in kinds}
    for kind in kinds:
        random.Random(f"{SEED} {kind}").shuffle(small[kind])
    return [one for kind in kinds for one in small[kind][: SAMPLE // len(kinds)]]


def is_small(one: Case) -> bool:
    return len(dumped(one.resource)) < 12_000


def dumped(resource: dict[str, Any]) -> str:
    """Return JSON with decimals as they are written."""
    return re.sub(r'"\\u0001([^"]*)"', r"\1", json.dumps(resource, default=lambda value: f"\x01{value}"))


def judge(release: str, found: Iterable[RawError]) -> Verdict:
    """Sort the official validator's errors into the gate's business and the rest."""
    errors, outside = [], set()
    for one in found:
        reason = outside_reason(release, one)
        if reason is None:
            errors.append(one)
        else:
            outside.add(reason)
    return Verdict(errors, sorted(outside))


def outside_reason(release: str, one: RawError) -> str | None:
    message_id, location, message = one
    if message_id in INSIDE or message.startswith(_CURRENCY):
        return None
    if message_id.startswith("Terminology_") and ".extension[" in location:
        return PROFILES
    for prefix, reason in OUTSIDE.items():
        if message_id.startswith(prefix):
            return reason
    if not message_id and _SLICING.search(message):
        return DEFINITIONS
    named = _OF_PROFILE.search(message_id) or _OF_PROFILE.search(message.partition("(from ")[2])
    if named is None or named[1] in RELEASES[release].type_names or is_required(release, message):
        return None
    return PROFILES


def is_required(release: str, message: str) -> bool:
    """Say whether the base type too requires what is missing: it is said once, in the name of a profile."""
    found = _MINIMUM.match(message)
    if found is None or found[1] not in RELEASES[release].type_names:
        return False
    element = RELEASES[release].type_definition(found[1]).elements.get(found[2])
    return element is not None and element.min > 0


def official_errors(every: list[Case]) -> list[list[RawError]]:
    """Ask the official validator, save for what it has been asked before."""
    known = read_cache()
    keys = [key_of(one) for one in every]
    missing = {key: one for key, one in zip(keys, every, strict=True) if key not in known}
    if missing:
        known.update(ask(missing))
    return [known[key] for key in keys]


def ask(missing: dict[str, Case], batch: int = 250) -> Iterator[tuple[str, list[RawError]]]:
    keys = list(missing)
    CACHE.parent.mkdir(exist_ok=True)
    with TolerantValidator() as official, CACHE.open("a", encoding="utf-8") as cache:
        for start in range(0, len(keys), batch):
            part = keys[start : start + batch]
            errors: dict[str, list[RawError]] = {key: [] for key in part}
            jobs = [Job(missing[key].release, key, json.loads(dumped(missing[key].resource))) for key in part]
            for one in official.validate_all(jobs):
                if one.is_error:
                    errors[one.name].append((one.message_id, one.location, one.message))
            for key in part:
                cache.write(json.dumps([key, errors[key]]) + "\n")
            yield from errors.items()
            print(f"official validator: {min(start + batch, len(keys))} of {len(keys)}", flush=True)


class TolerantValidator(OfficialValidator):
    """Takes a resource that the harness cannot handle as one more finding: it must not stop the rest."""

    def _read(self, jobs: list[Job], answer: dict[str, Any]) -> tuple[int, list[Finding]]:
        if "failure" not in answer:
            return super()._read(jobs, answer)
        number = int(answer["id"])
        job = jobs[number]
        return number, [Finding(job.release, job.name, "fatal", "", FAILED, answer["failure"])]


def read_cache() -> dict[str, list[RawError]]:
    if not CACHE.exists():
        return {}
    rows = [json.loads(line) for line in CACHE.read_text(encoding="utf-8").splitlines()]
    return {key: raw_errors(errors) for key, errors in rows}


def raw_errors(rows: list[list[str]]) -> list[RawError]:
    return [(message_id, location, message) for message_id, location, message in rows]


def key_of(one: Case) -> str:
    return hashlib.sha256(f"{one.release} {dumped(one.resource)}".encode()).hexdigest()


class Comparison(NamedTuple):
    """A case and both verdicts: what the gate said first, if anything, and the official errors in scope."""

    case: Case
    ours: str | None
    official: Verdict

    @property
    def agrees(self) -> bool:
        return (self.ours is None) == (not self.official.errors)


def compare(every: list[Case], errors: Iterable[list[RawError]]) -> list[Comparison]:
    """Return both verdicts on each case that the official validator's harness could read."""
    return [
        Comparison(one, our_verdict(one), judge(one.release, found))
        for one, found in zip(every, errors, strict=True)
        if not is_unread(found)
    ]


def is_unread(errors: list[RawError]) -> bool:
    return any(message_id == FAILED for message_id, _, _ in errors)


def our_verdict(one: Case) -> str | None:
    issues = validator(RELEASES[one.release]).validate(one.resource)
    return None if not issues else f"{issues[0].diagnostics} ({issues[0].expression[0]})"


def agreement(found: list[Comparison]) -> float:
    return 100 * sum(one.agrees for one in found) / len(found) if found else 100.0


def read_sample(release: str) -> tuple[list[Case], list[list[RawError]]]:
    """Return the committed sample with what the official validator said of it."""
    found, errors = [], []
    with gzip.open(SAMPLES / f"{release}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            name, kind, rows, resource = json.loads(line, parse_float=Decimal)
            found.append(Case(release, name, kind, resource))
            errors.append(raw_errors(rows))
    return found, errors


def write_sample(release: str, every: list[Case]) -> None:
    taken = sample(every)
    lines = []
    for one, errors in zip(taken, official_errors(taken), strict=True):
        head = json.dumps([one.name, one.kind, errors], ensure_ascii=False)
        lines.append(f"{head[:-1]}, {dumped(one.resource)}]\n")
    SAMPLES.mkdir(exist_ok=True)
    # mtime=0: the same sample is the same file.
    (SAMPLES / f"{release}.jsonl.gz").write_bytes(gzip.compress("".join(lines).encode(), mtime=0))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", action="store_true", help="write the sample of `make test` as well")
    parser.add_argument("--seed", help="only compare mutants by this seed, and write the held-out part")
    options = parser.parse_args()
    if options.seed:
        compare_held_out(options.seed)
    else:
        compare_all(options.sample)
    print(f"written: {TABLE.relative_to(ROOT)}")
    return 0


def compare_all(with_sample: bool) -> None:
    """Write the document, save for its held-out part, which stays."""
    compared: list[Comparison] = []
    larger = unread = 0
    for package in EXAMPLES:
        published = list(read_examples(package, fetched(package)))
        examples = [one for one in published if one.size <= LARGEST]
        larger += len(published) - len(examples)
        every = list(cases(package.release, examples))
        print(f"{package.name}: {len(examples)} examples, {len(every)} cases", flush=True)
        found = compare(every, official_errors(every))
        unread += len(every) - len(found)
        compared += found
        if with_sample:
            write_sample(package.release, every)
    from tests.conformance.agreement_report import held_out_part, report

    kept = held_out_part(TABLE.read_text(encoding="utf-8"))
    TABLE.write_text(report(compared, larger, unread) + kept, encoding="utf-8")


def compare_held_out(seed: str) -> None:
    """Write only the held-out part of the document."""
    compared: list[Comparison] = []
    for package in EXAMPLES:
        every = held_out(package.release, list(read_examples(package, fetched(package))), seed)
        print(f"{package.name}: {len(every)} cases by `{seed}`", flush=True)
        compared += compare(every, official_errors(every))
    from tests.conformance.agreement_report import held_out_part, held_out_report

    text = TABLE.read_text(encoding="utf-8")
    TABLE.write_text(
        text.removesuffix(held_out_part(text)) + held_out_report(compared, seed), encoding="utf-8"
    )


if __name__ == "__main__":
    raise SystemExit(main())
