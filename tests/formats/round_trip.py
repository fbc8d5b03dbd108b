"""HL7's examples through both formats and the store; `make round-trip` runs all of the three packages.

https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/xml.html

JSON to JSON, JSON to XML and back, and JSON to the store and back. No gate is asked, so HL7's invalid
examples count too.
"""

from __future__ import annotations

import argparse
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from compaction.packages import PACKAGES, Package, PackageError, fetch

from fhir_service.releases import RELEASES
from tests.checkout import PROJECT
from tests.formats.comparison import problems
from tests.formats.store_round_trip import store_problems

# R4's definitions travel in its examples package, so that one is pinned already.
EXAMPLES = (
    PACKAGES[0],
    Package(
        "r4b",
        "hl7.fhir.r4b.examples",
        "4.3.0",
        "67e6fa57ddbc6c700c7fcccc77badf5d66ca544da9aac4052f1d039470c895bd"
        "ae5b33db53a5e3d300e6d579ab20a4f0c89aa5e561052e40109765519e11426e",
    ),
    Package(
        "r5",
        "hl7.fhir.r5.examples",
        "5.0.0",
        "f9f3aed5de43a8040ca2bbd3571d1b62b9d33e5f99d98a2f0642cc7097fa13e8"
        "cc87ad7e49b780116ab3c723bfc04ecb068b6cee1057c32f2d37b9fa8814633b",
    ),
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--packages", type=Path, default=PROJECT / ".npm-packages", help="where they are kept"
    )
    options = parser.parse_args(arguments)
    failed = 0
    for package in EXAMPLES:
        try:
            path = fetch(package, options.packages)
        except PackageError as failure:
            print(f"round-trip: {failure}", file=sys.stderr)
            return 1
        failed += report(package, path)
    return 1 if failed else 0


def report(package: Package, path: Path) -> int:
    """Print what became of each resource of a package that did not come back; return how many."""
    release = RELEASES[package.release]
    count = failed = 0
    for name, body in resources(path):
        count += 1
        if sys.stderr.isatty() and not count % 50:
            print(f"\r{package.file_name}: {count} resources", end="", file=sys.stderr, flush=True)
        for problem in problems(body, release):
            failed += 1
            print(f"{package.release} {name}: {problem}")
    with TemporaryDirectory() as folder:
        for name, problem in store_problems(resources(path), release, Path(folder)):
            failed += 1
            print(f"{package.release} {name}, stored: {problem}")
    print(f"{package.file_name}: {count} resources, {failed} did not come back as they were")
    return failed


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
