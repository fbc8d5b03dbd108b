"""HL7's examples through both formats and the store; `make round-trip` runs all of the three packages.

https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/xml.html

JSON to JSON, JSON to XML and back, and JSON to the store and back. The gate keeps nothing out, so HL7's
invalid examples count too; docs/round-trip.md lists them.
"""

from __future__ import annotations

import argparse
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from compaction.packages import Package, PackageError, fetch

from fhir_service.delivery.fhir.reading import LARGEST_BODY
from fhir_service.formats import fhir_json
from fhir_service.releases import RELEASES
from fhir_service.releases.validator import validator
from tests.checkout import PROJECT
from tests.conformance.hl7_examples import EXAMPLES
from tests.formats.comparison import problems
from tests.formats.store_round_trip import store_problems

DOCUMENT = PROJECT / "docs" / "round-trip.md"

_HEAD = f"""\
# HL7's examples, there and back

Written by `make round-trip`: every resource of HL7's example packages from JSON to JSON, to XML and back, and
into the store and out of it. Equal are JSON values, decimals by their text; the order of members does not
count. The gate is not asked here: what it refuses is listed below, and [agreement.md](agreement.md) says
where the official validator judges otherwise. A body may have {LARGEST_BODY:,} bytes.
"""


class Outcome(NamedTuple):
    """Of a package: how many resources it has, how many came back otherwise, and what could not be sent."""

    package: Package
    total: int
    failed: int
    refused: list[str]
    too_large: list[str]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--packages", type=Path, default=PROJECT / ".npm-packages", help="where they are kept"
    )
    options = parser.parse_args(arguments)
    outcomes = []
    for package in EXAMPLES:
        try:
            path = fetch(package, options.packages)
        except PackageError as failure:
            print(f"round-trip: {failure}", file=sys.stderr)
            return 1
        outcomes.append(report(package, path))
    DOCUMENT.write_text("\n".join([_HEAD, *document(outcomes), ""]), encoding="utf-8")
    return 1 if any(one.failed for one in outcomes) else 0


def document(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield "| Package | Resources | came back otherwise | refused by the gate | above the size limit |"
    yield "|---|---:|---:|---:|---:|"
    for one in outcomes:
        counts = (one.total, one.failed, len(one.refused), len(one.too_large))
        yield f"| {one.package.name}@{one.package.version} | {' | '.join(f'{n:,}' for n in counts)} |"
    for one in outcomes:
        listed = [*(f"{name}: too large" for name in one.too_large), *one.refused]
        yield from ("", f"## {one.package.release.upper()}", "", *(f"- {line}" for line in listed))


def report(package: Package, path: Path) -> Outcome:
    """Print what became of each resource of a package that did not come back; return what is to be told."""
    release = RELEASES[package.release]
    count = failed = 0
    refused, too_large = [], []
    judge = validator(release).validate
    for name, body in resources(path):
        count += 1
        if sys.stderr.isatty() and not count % 50:
            print(f"\r{package.file_name}: {count} resources", end="", file=sys.stderr, flush=True)
        if len(body) > LARGEST_BODY:
            too_large.append(name)
        if issues := judge(fhir_json.parse(body)):
            refused.append(f"{name}: {issues[0].diagnostics}")
        for problem in problems(body, release):
            failed += 1
            print(f"{package.release} {name}: {problem}")
    with TemporaryDirectory() as folder:
        for name, problem in store_problems(resources(path), release, Path(folder)):
            failed += 1
            print(f"{package.release} {name}, stored: {problem}")
    print(f"{package.file_name}: {count} resources, {failed} did not come back as they were")
    return Outcome(package, count, failed, refused, too_large)


def resources(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is None or member.name.count("/") > 1 or not member.name.endswith(".json"):
                continue
            body = content.read()
            if b'"resourceType"' in body:
                yield member.name.removeprefix("package/"), body


if __name__ == "__main__":
    sys.exit(main())
