"""The command line that the tools over HL7's packages share: write, or with --check only compare."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Protocol

from .packages import PACKAGES, PackageError

ROOT = Path(__file__).resolve().parents[2]


class Write(Protocol):
    """What a tool does: write its files from the packages, or only compare; gives the names that differ."""

    def __call__(self, packages: Path, /, *, check: bool) -> list[str]: ...


def run(name: str, description: str, write: Write, arguments: list[str] | None) -> int:
    """Run one tool; the exit status is 1 when a package is bad, or a compared file differs."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="compare with what is committed, write nothing")
    parser.add_argument(
        "--packages", type=Path, default=ROOT / ".npm-packages", help="where packages are kept"
    )
    options = parser.parse_args(arguments)
    if options.check and not all((options.packages / package.file_name).exists() for package in PACKAGES):
        print(f"{name}: not checked, HL7's packages are not here; `make definitions` fetches them")
        return 0
    try:
        stale = write(options.packages, check=options.check)
    except PackageError as failure:
        print(f"{name}: {failure}", file=sys.stderr)
        return 1
    if options.check and stale:
        print(f"{name}: stale, run `make definitions`: {', '.join(stale)}", file=sys.stderr)
        return 1
    return 0
