"""Keep the base snapshots of our own profiles in fhir_service/content/base; `make definitions` runs it.

https://hl7.org/fhir/R4/profiling.html#snapshot

A snapshot of ours is the base definition's snapshot with our differential applied. The base comes from HL7's
packages (CC0); only the types that we profile are kept, without the texts that repeat the specification
(mappings, comments, aliases), one element per line so that a change shows as a readable diff.

    python tools/base_snapshots.py           fetch the packages (npm), write the snapshots
    python tools/base_snapshots.py --check   say whether the committed ones are what would be written
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

from compaction.command import run
from compaction.packages import PACKAGES, fetch

ROOT = Path(__file__).resolve().parent.parent
BASE_FOLDER = ROOT / "fhir_service" / "content" / "base"
PROFILED_TYPES = ("AdverseEvent", "Extension")
DROPPED = ("mapping", "comment", "requirements", "alias", "example", "extension")

Element = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    return run("base snapshots", __doc__.splitlines()[0], write, arguments)


def write(packages: Path, *, check: bool) -> list[str]:
    """Write each release's file, or only compare; return the names of those that differ."""
    stale = []
    for package in PACKAGES:
        path = fetch(package, packages)
        text = dump({name: compact(read_elements(path, name)) for name in PROFILED_TYPES})
        target = BASE_FOLDER / f"{package.release}.json"
        if target.exists() and target.read_text(encoding="utf-8") == text:
            continue
        stale.append(str(target.relative_to(ROOT)))
        if not check:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return stale


def read_elements(package: Path, type_name: str) -> list[Element]:
    with tarfile.open(package) as archive:
        member = archive.extractfile(f"package/StructureDefinition-{type_name}.json")
        assert member is not None
        elements: list[Element] = json.load(member)["snapshot"]["element"]
    return elements


def compact(elements: list[Element]) -> list[Element]:
    """Drop what only repeats the specification; what a validator needs stays."""
    kept = [{key: value for key, value in element.items() if key not in DROPPED} for element in elements]
    for element in kept:
        for constraint in element.get("constraint", ()):
            constraint.pop("xpath", None)
    return kept


def dump(snapshots: dict[str, list[Element]]) -> str:
    parts = []
    for type_name, elements in snapshots.items():
        lines = ",\n".join(json.dumps(element, ensure_ascii=False) for element in elements)
        parts.append(f'"{type_name}": [\n{lines}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
