"""Loads the corpus by `fhir-service load`, and tells how long it took and how much memory.

https://hl7.org/fhir/R4/nd-json.html
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.processes import PeakMemory

_LINE_EVERY = 30


@dataclass(frozen=True)
class Loaded:
    """What a load into an empty database took, from the start of the command to its end."""

    resources: int
    seconds: float
    memory: float
    """MB: PSS of all processes of the command together, at its highest; not of a database server"""
    measured: str
    """when"""

    @property
    def rate(self) -> float:
        return self.resources / self.seconds


def load(url: str, corpus: Path, *options: str) -> Loaded:
    """Into the database of that URL; a resource that is rejected is a failure."""
    environment = os.environ | {"FHIR_SERVICE_TYPES": "all", "FHIR_SERVICE_DATABASE_URL": url}
    command = [sys.executable, "-m", "fhir_service", "load", str(corpus), *options]
    with TemporaryDirectory(prefix="bench-") as folder:
        start = time.monotonic()
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.PIPE)
        with PeakMemory(process.pid) as peak:
            output = _watched(process, peak)
        seconds = time.monotonic() - start
    print(output.strip(), file=sys.stderr, flush=True)
    if process.returncode or " 0 rejected" not in output:
        raise RuntimeError(f"{' '.join(command[2:])} ended with {process.returncode}: {output.strip()}")
    with corpus.open("rb") as lines:
        resources = sum(1 for _ in lines)
    return Loaded(resources, seconds, peak.megabytes, time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))


def _watched(process: subprocess.Popen[bytes], peak: PeakMemory) -> str:
    """Its output at the end; until then a line every so often for who waits."""
    start = time.monotonic()
    while True:
        try:
            return process.communicate(timeout=_LINE_EVERY)[0].decode()
        except subprocess.TimeoutExpired:
            took = time.monotonic() - start
            print(f"    {took:.0f} s, at most {peak.megabytes:.0f} MB", file=sys.stderr, flush=True)
