"""Search compared with brute force over HL7's examples: `make differential` writes docs/differential.md.

https://hl7.org/fhir/R4/search.html

    python -m tests.search.differential           all examples; needs Java and npm
    python -m tests.search.differential --sample  write the seeded sample that `make test` runs as well

HL7's FHIRPath engine evaluates every search parameter on every example, `naive` decides by those values
what a query finds, and the store must find the same.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from fhir_service.errors import ServiceError
from fhir_service.formats.fhir_json import dump
from fhir_service.releases import RELEASES
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.search.param_types import Context
from fhir_service.search.query import parse_query
from fhir_service.store import open_store
from fhir_service.store.contract import StoredVersion
from fhir_service.store.relational import RelationalStore
from tests.search import naive, naive_ranges
from tests.search.asking import Asked, is_read, questions
from tests.search.naive_ranges import microseconds

SAMPLES = Path(__file__).parent / "differential"
LARGEST_SAMPLED = 6_000
"""Bytes of an example that may come into the sample."""
OFTEN = 3
"""How many examples the sample has for each parameter, where there are as many."""

# What the server sets itself, and what is asked of the resource that holds another.
OWN = ("_id", "_lastUpdated", "_in")
NOW = microseconds(naive_ranges.NOW)

Values = dict[str, Any]
"""Parameter code -> its values, or in their place what HL7's engine failed with."""


class Parameter(NamedTuple):
    """A search parameter of a type as HL7 defines it; `parts` are kind and expression of each component."""

    code: str
    kind: str
    expression: str
    targets: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def part_kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind, _ in self.parts)


class Evaluated(NamedTuple):
    """An example and what HL7's engine found under each parameter's code."""

    resource: dict[str, Any]
    values: Values


class Answer(NamedTuple):
    """One query, what the store found and what brute force found, both by id."""

    release: str
    type_name: str
    parameter: Parameter
    asked: Asked
    refusal: str
    found: frozenset[str]
    expected: frozenset[str]

    @property
    def agrees(self) -> bool:
        return not self.refusal and self.found == self.expected

    def __str__(self) -> str:
        name = self.parameter.code + (f":{self.asked.modifier}" if self.asked.modifier else "")
        missing, extra = sorted(self.expected - self.found), sorted(self.found - self.expected)
        said = self.refusal or f"missing {missing[:5]} ({len(missing)}), too many {extra[:5]} ({len(extra)})"
        return f"{self.release} {self.type_name}?{name}={self.asked.text}: {said}"


def parameters_of(release: str, type_name: str) -> dict[str, Parameter]:
    """Return the parameters that HL7 defines for the type and that have an expression, by code."""
    data = RELEASES[release].search_parameter_data
    kinds = {row["url"]: row["type"] for row in data}
    found: dict[str, Parameter] = {}
    name: str | None = type_name
    while name:
        for row in data:
            if name in row["base"] and row.get("expression") and row["code"] not in (*OWN, *found):
                parts = tuple(
                    (kinds.get(part["definition"], ""), part["expression"])
                    for part in row.get("components", ())
                )
                found[row["code"]] = Parameter(
                    row["code"], row["type"], row["expression"], targets_of(row), parts
                )
        name = RELEASES[release].type_definition(name).base
    return {
        code: one
        for code, one in found.items()
        if one.kind in naive.MATCHERS or (one.parts and naive.MATCHERS.keys() >= {*one.part_kinds})
    }


def targets_of(row: dict[str, Any]) -> tuple[str, ...]:
    targets = row.get("target", ())
    return () if targets == "*" else tuple(targets)


def alternatives(expression: str) -> list[str]:
    """Split a union at the bars that stand in no parentheses."""
    depth, parts = 0, [""]
    for letter in expression:
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def evaluate(release: str, resources: Iterable[dict[str, Any]]) -> Iterator[Evaluated]:
    """Evaluate every parameter on every resource with HL7's engine."""
    from tests.conformance.install import CLASSPATH

    resources = list(resources)
    with tempfile.TemporaryFile() as jobs:
        for resource in resources:
            parameters = [
                {"code": one.code, "expressions": alternatives(one.expression)}
                | ({"components": [part for _, part in one.parts]} if one.parts else {})
                for one in parameters_of(release, resource["resourceType"]).values()
            ]
            jobs.write(dump({"release": release, "resource": resource, "parameters": parameters}) + b"\n")
        jobs.seek(0)
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=off"
        command = [
            "java",
            "-Xmx1500m",
            "-XX:+UseParallelGC",
            quiet,
            "-cp",
            CLASSPATH,
            "conformance.Expressions",
        ]
        with subprocess.Popen(command, stdin=jobs, stdout=subprocess.PIPE) as engine:
            assert engine.stdout
            for resource, line in zip(resources, engine.stdout, strict=True):
                values = json.loads(line, parse_float=Decimal)
                if isinstance(values.get("failure"), str):
                    raise RuntimeError(f"{resource['resourceType']}/{resource['id']}: {values['failure']}")
                yield Evaluated(resource, values)


def with_ids(resources: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the resources of concrete types that have an id, each id of a type once."""
    seen = set()
    for resource in resources:
        key = resource["resourceType"], resource.get("id")
        if key[1] and key not in seen:
            seen.add(key)
            yield resource


def fill(store: RelationalStore, release: str, every: Iterable[Evaluated]) -> None:
    parameters = SearchParameters(RELEASES[release])
    with store.write() as transaction:
        for resource, _ in every:
            version = StoredVersion(resource["resourceType"], resource["id"], 1, 0, b"{}")
            transaction.put(release, version, index_rows(resource, parameters))


def compare(
    store: RelationalStore, release: str, every: Iterable[Evaluated], most: int | None = None
) -> Iterator[Answer]:
    """Ask about every parameter with a value, of the store and by brute force; `most` questions of each."""
    served = SearchParameters(RELEASES[release])
    by_type: dict[str, list[Evaluated]] = {}
    for one in every:
        by_type.setdefault(one.resource["resourceType"], []).append(one)
    for type_name, members in sorted(by_type.items()):
        for parameter in parameters_of(release, type_name).values():
            known = {one.resource["id"]: read_values(parameter, one) for one in members}
            failed = {name for name, values in known.items() if values is None}
            values = [value for found in known.values() for value in found or ()]
            if not values:
                continue
            seed = f"{release} {type_name} {parameter.code}"
            asking = questions(parameter.kind, values, parameter.part_kinds, seed)
            random.Random(seed).shuffle(asking)
            for asked in asking[:most]:
                found, refusal = search(store, release, type_name, parameter, asked, served)
                expected = frozenset(
                    name
                    for name, mine in known.items()
                    if mine is not None
                    and naive.matches(parameter.kind, asked.modifier, asked.text, mine, parameter.part_kinds)
                )
                yield Answer(release, type_name, parameter, asked, refusal, found - failed, expected)


def read_values(parameter: Parameter, one: Evaluated) -> list[Any] | None:
    """The values that the parameter looks at, or None where HL7's engine failed."""
    found = one.values.get(parameter.code, [])
    if isinstance(found, dict):
        return None
    if parameter.parts:
        return [
            [
                [value for value in part if is_read(kind, value)]
                for kind, part in zip(parameter.part_kinds, element, strict=True)
            ]
            for element in found
        ]
    return [value for value in found if is_read(parameter.kind, value, parameter.targets)]


def search(
    store: RelationalStore,
    release: str,
    type_name: str,
    parameter: Parameter,
    asked: Asked,
    served: SearchParameters,
) -> tuple[frozenset[str], str]:
    """Return what the store finds over all pages, or why it refuses."""
    name = parameter.code + (f":{asked.modifier}" if asked.modifier else "")
    pairs = [(name, asked.text), ("_count", "1000")]
    found: set[str] = set()
    try:
        page = store.search(release, parse_query(pairs, type_name, served, context=Context(now=NOW)))
        found.update(one.logical_id for one in page.matches)
        while page.next_cursor:
            more = [*pairs, ("_page", page.next_cursor)]
            page = store.search(release, parse_query(more, type_name, served, context=Context(now=NOW)))
            found.update(one.logical_id for one in page.matches)
    except ServiceError as refusal:
        return frozenset(), f"{refusal}"
    return frozenset(found), ""


# The sample


def sample(every: Iterable[Evaluated]) -> list[Evaluated]:
    """Return small examples so that each parameter that has values has some here, where that can be."""
    small = [one for one in every if len(dump(one.resource)) <= LARGEST_SAMPLED]
    random.Random("differential").shuffle(small)
    seen: Counter[tuple[str, str]] = Counter()
    taken = []
    for one in small:
        names = [(one.resource["resourceType"], code) for code in one.values]
        if any(seen[name] < OFTEN for name in names):
            seen.update(names)
            taken.append(one)
    return sorted(taken, key=lambda one: (one.resource["resourceType"], one.resource["id"]))


def write_sample(release: str, every: Iterable[Evaluated]) -> None:
    lines = [dump([one.resource, one.values]) + b"\n" for one in sample(every)]
    SAMPLES.mkdir(exist_ok=True)
    # mtime=0: the same sample is the same file.
    (SAMPLES / f"{release}.jsonl.gz").write_bytes(gzip.compress(b"".join(lines), mtime=0))


def read_sample(release: str) -> list[Evaluated]:
    with gzip.open(SAMPLES / f"{release}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [Evaluated(*json.loads(line, parse_float=Decimal)) for line in lines]


def without_narrative(resource: dict[str, Any]) -> dict[str, Any]:
    """No parameter with an expression looks at the narrative, which is half of an example."""
    return {name: value for name, value in resource.items() if name != "text"}


def main() -> int:
    from tests.conformance.hl7_examples import EXAMPLES, ROOT, fetched, read_examples
    from tests.conformance.install import install
    from tests.search import second_engine
    from tests.search.differential_report import report

    table = ROOT / "docs" / "differential.md"
    parser = argparse.ArgumentParser(description="search compared with brute force over HL7's examples")
    parser.add_argument("--sample", action="store_true", help="write the sample of `make test` as well")
    options = parser.parse_args()
    install()
    second_engine.install()
    evaluated: dict[str, list[Evaluated]] = {}
    answers: list[Answer] = []
    for package in EXAMPLES:
        read = read_examples(package, fetched(package))
        examples = with_ids(without_narrative(one.resource) for one in read)
        every = evaluated[package.release] = list(evaluate(package.release, examples))
        print(f"{package.name}: {len(every)} examples evaluated", flush=True)
        if options.sample:
            write_sample(package.release, every)
        with tempfile.TemporaryDirectory() as folder:
            store = open_store(f"sqlite:///{folder}/differential.db")
            store.create_tables()
            fill(store, package.release, every)
            answers += compare(store, package.release, every)
            store.close()
        print(f"{package.name}: {len(answers)} queries compared so far", flush=True)
    compared = (one for release, every in evaluated.items() for one in second_engine.compare(release, every))
    table.write_text(report(evaluated, answers, second_engine.report(compared)), encoding="utf-8")
    print(f"written: {table.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
