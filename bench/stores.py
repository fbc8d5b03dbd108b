"""Databases that hold the corpus: made by `fhir-service load`, kept in var/bench until that changes."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

_PROJECT = Path(__file__).parent.parent
_KEPT = _PROJECT / "var/bench"
_MADE_BY = (
    "bench/clinical.py",
    "bench/content.py",
    "bench/corpus.py",
    "bench/maker.py",
    "fhir_service/search",
    "fhir_service/store/schema.py",
    "fhir_service/store/migrations",
)


def store_of(count: int) -> Path:
    """A SQLite database with so many resources of the corpus."""
    database = _KEPT / f"{count}-{_state()}.sqlite"
    if database.exists():
        return database
    _KEPT.mkdir(parents=True, exist_ok=True)
    print(f"Loading {count:,} resources, once ...", file=sys.stderr, flush=True)
    corpus, making = _KEPT / f"{count}.ndjson", database.with_suffix(".making")
    try:
        with corpus.open("wb") as output:
            subprocess.run([sys.executable, "-m", "bench.corpus", str(count)], stdout=output, check=True)
        environment = os.environ | {
            "FHIR_SERVICE_TYPES": "all",
            "FHIR_SERVICE_DATABASE_URL": f"sqlite:///{making}",
        }
        load = [sys.executable, "-m", "fhir_service", "load", str(corpus)]
        subprocess.run(load, env=environment, cwd=_KEPT, stdout=sys.stderr, check=True)
        making.rename(database)
    finally:
        for left in (corpus, *_KEPT.glob(f"{making.name}*")):
            left.unlink(missing_ok=True)
    return database


def _state() -> str:
    files = [path for one in _MADE_BY for path in _files(_PROJECT / one)]
    return sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:12]


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))
