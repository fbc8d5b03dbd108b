"""The orders that business versions may have, by the codes of HL7's version algorithms.

https://hl7.org/fhir/R5/codesystem-version-algorithm.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from fhir_service.fhir.dates import date_range
from fhir_service.search.keys import fold

SYSTEM = "http://hl7.org/fhir/version-algorithm"

Order: TypeAlias = tuple[Any, ...]
"""Compares as the versions do, among those of one algorithm."""

# https://semver.org; HL7's own examples leave out the last numbers (`1.0`), which are then zero.
_SEMVER = re.compile(
    r"(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:\.(?P<patch>\d+))?"
    r"(?:-(?P<label>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?",
    re.ASCII,
)


def _semver(version: str) -> Order:
    match = _SEMVER.fullmatch(version)
    if match is None:
        raise ValueError
    numbers = tuple(int(match[name] or 0) for name in ("major", "minor", "patch"))
    if match["label"] is None:
        return (*numbers, 1)  # a release comes after all that led to it
    return (*numbers, 0, tuple(_identifier(part) for part in match["label"].split(".")))


def _identifier(part: str) -> Order:
    """As semver.org says: "Numeric identifiers always have lower precedence than non-numeric identifiers."""
    return (0, int(part), "") if part.isdecimal() else (1, 0, part)


def _integer(version: str) -> Order:
    if not re.fullmatch(r"-?\d+", version, re.ASCII):
        raise ValueError
    return (int(version),)


def _alpha(version: str) -> Order:
    return (fold(version),)


def _date(version: str) -> Order:
    """By when it starts: of 2026 and 2026-01 neither comes after the other."""
    return (date_range(version)[0],)


def _natural(version: str) -> Order:
    """Runs of digits by the number that they are; digits before letters."""
    runs = re.findall(r"[0-9]+|[^0-9]+", fold(version))
    return tuple((0, int(run), "") if run.isdecimal() else (1, 0, run) for run in runs)


SCHEMES: Mapping[str, Callable[[str], Order]] = {
    "semver": _semver,
    "integer": _integer,
    "alpha": _alpha,
    "date": _date,
    "natural": _natural,
}


def order(scheme: str, version: str) -> Order | None:
    """None when the version is not written as the scheme says."""
    try:
        return SCHEMES[scheme](version)
    except ValueError:
        return None
