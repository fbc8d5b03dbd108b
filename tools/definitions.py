"""Compact HL7's published definitions into fhir_service/releases/data; `make definitions` runs it.

https://hl7.org/fhir/R4/downloads.html (the packages are CC0)

    python tools/definitions.py           fetch the packages (npm), write the data
    python tools/definitions.py --check   say whether the committed data is what would be written
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from compaction.command import run
from compaction.operations import compact_operations
from compaction.packages import PACKAGES, Package, Resource, fetch, read
from compaction.search_parameters import compact_compartments, compact_search_parameters
from compaction.structures import compact_invariants, compact_types, spec_structures
from compaction.value_sets import compact_required_bindings, required_value_sets

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "fhir_service" / "releases" / "data"
CORRECTIONS = DATA / "corrections.json"

Files = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    return run("definitions", __doc__.splitlines()[0], write, arguments)


def write(folder: Path, *, check: bool) -> list[str]:
    """Write every release's files, or only compare; return the names of those that differ."""
    corrections = json.loads(CORRECTIONS.read_text(encoding="utf-8"))
    stale: list[str] = []
    fallback: list[Resource] = []
    for number, package in enumerate(PACKAGES, 1):
        progress(number, package, "fetching")
        path = fetch(package, folder)
        progress(number, package, "reading")
        resources = read(path)
        progress(number, package, f"compacting {len(resources)} resources")
        files = compact(resources, fallback, corrections[package.release])
        for name, content in files.items():
            target = DATA / package.release / f"{name}.json"
            text = dump(content)
            if target.exists() and target.read_text(encoding="utf-8") == text:
                continue
            stale.append(str(target.relative_to(ROOT)))
            if not check:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
        # R5's and R4B's packages refer to terminology.hl7.org code systems that only R4's package carries.
        fallback = fallback or [found for found in resources if "terminology.hl7.org" in found.get("url", "")]
        progress(number, package, f"done, {sum(len(dump(content)) for content in files.values()) // 1024} kB")
    return stale


def compact(resources: list[Resource], fallback: list[Resource], corrections: Files) -> Files:
    """Return the content of every data file of one release."""
    structures = spec_structures(resources)
    types = compact_types(structures)
    for name, regex in corrections["regex"].items():
        types[name]["regex"] = regex["value"]
    concrete = {
        name for name, row in types.items() if row["kind"] == "resource" and not row.get("abstract", False)
    }
    parameters, left_out = compact_search_parameters(resources, corrections["search-parameters"], concrete)
    bindings, open_ended = compact_required_bindings(required_value_sets(types), resources, fallback)
    return {
        "resource-types": sorted(concrete),
        "elements": types,
        "invariants": compact_invariants(structures),
        "search-parameters": parameters,
        "required-bindings": bindings,
        "compartments": compact_compartments(resources),
        "operations": compact_operations(resources),
        "left-out": {"search-parameters": left_out, "required-bindings": open_ended},
    }


def dump(content: Any) -> str:
    """Return JSON with one line per entry: small, and a change of one definition is one line of a diff."""
    if isinstance(content, dict):
        rows = [f"{json.dumps(key)}: {_line(value)}" for key, value in content.items()]
        return "{\n" + ",\n".join(rows) + "\n}\n"
    return "[\n" + ",\n".join(_line(value) for value in content) + "\n]\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def progress(number: int, package: Package, text: str) -> None:
    print(f"[{number}/{len(PACKAGES)}] {package.name}@{package.version}: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
