"""HL7's example packages: pinned, fetched with npm into the folder that `make definitions` uses, and read.

https://hl7.org/fhir/R4/downloads.html (the packages are CC0)
"""

from __future__ import annotations

import json
import sys
import tarfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".npm-packages"

sys.path.append(str(ROOT / "tools"))
from compaction.packages import PACKAGES, Package, PackageError, fetch  # noqa: E402

__all__ = ["EXAMPLES", "LARGEST", "Example", "Package", "PackageError", "fetched", "read_examples"]

DEFINITIONS = PACKAGES
"""The packages that define the releases; R4's holds its examples as well."""

EXAMPLES = (
    PACKAGES[0],
    Package(
        "r4b",
        "hl7.fhir.r4b.examples",
        "4.3.0",
        "67e6fa57ddbc6c700c7fcccc77badf5d66ca544da9aac4052f1d039470c895bdae5b33db53a5e3d300e6d579ab20a4f0c89aa5e561052e40109765519e11426e",
    ),
    Package(
        "r5",
        "hl7.fhir.r5.examples",
        "5.0.0",
        "f9f3aed5de43a8040ca2bbd3571d1b62b9d33e5f99d98a2f0642cc7097fa13e8cc87ad7e49b780116ab3c723bfc04ecb068b6cee1057c32f2d37b9fa8814633b",
    ),
)
LARGEST = 300_000
"""Bytes: the few files above, definitions and bundles of them, take the official validator minutes each."""


class Example(NamedTuple):
    """One resource of a package; `name` is its file's, without the suffix."""

    release: str
    name: str
    size: int
    resource: dict[str, Any]


def fetched(package: Package) -> Path:
    """Return the package's file; npm fetches it when it is not there, and its hash always holds."""
    path: Path = fetch(package, FOLDER)
    return path


def read_examples(package: Package, path: Path) -> Iterator[Example]:
    """Yield the package's resources in the order of the archive."""
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            name = member.name
            if not name.startswith("package/") or not name.endswith(".json") or name.count("/") > 1:
                continue
            content = archive.extractfile(member)
            assert content is not None
            value = json.loads(content.read(), parse_float=Decimal)
            if "resourceType" in value:
                yield Example(package.release, name[len("package/") : -len(".json")], member.size, value)
