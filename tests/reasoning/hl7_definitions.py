"""HL7's example PlanDefinitions, ActivityDefinitions and Libraries, kept here as definitions to apply.

https://hl7.org/fhir/R4/plandefinition-examples.html (CC0)

`python -m tests.reasoning.hl7_definitions` writes them again from HL7's packages (needs npm and the network);
narratives and the text of the libraries' logic are left out, as nothing here reads them.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "hl7_definitions"
TYPES = ("PlanDefinition", "ActivityDefinition", "Library")


@cache
def definitions(release: str) -> list[dict[str, Any]]:
    with gzip.open(FOLDER / f"{release}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def write() -> None:
    from tests.conformance.hl7_examples import EXAMPLES, fetched, read_examples

    FOLDER.mkdir(exist_ok=True)
    for package in EXAMPLES:
        found = [
            one.resource
            for one in read_examples(package, fetched(package))
            if one.resource["resourceType"] in TYPES
        ]
        lines = [json.dumps(_without_words(one), ensure_ascii=False, default=float) for one in found]
        data = "".join(f"{line}\n" for line in sorted(lines)).encode()
        (FOLDER / f"{package.release}.jsonl.gz").write_bytes(gzip.compress(data, mtime=0))


def _without_words(resource: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in resource.items() if name != "text"}
    if resource["resourceType"] == "Library":
        kept.pop("content", None)
    return kept


if __name__ == "__main__":
    write()
