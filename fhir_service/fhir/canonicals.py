"""Canonical URLs with their business versions, and which of several versions is the latest.

https://hl7.org/fhir/R4/references.html#canonical
"""

from __future__ import annotations

_STATUSES = ("retired", "unknown", "draft", "active")

Order = tuple[int, tuple[tuple[int, int, str], ...], str]


def split_canonical(canonical: str) -> tuple[str, str | None]:
    """`url|version#fragment` as URL and version."""
    url, bar, rest = canonical.partition("|")
    version = rest.partition("#")[0]
    return (url, version or None) if bar else (url.partition("#")[0], None)


def join_canonical(url: str, version: str | None) -> str:
    return f"{url}|{version}" if version else url


def latest_order(status: str | None, version: str | None, date: str | None) -> Order:
    """The greatest is the latest: active before draft before retired, then by version, then by date."""
    rank = _STATUSES.index(status) if status in _STATUSES else 0
    return rank, version_order(version or ""), date or ""


def version_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Versions in order: numbers by their value, a pre-release (`1.0.0-draft`) before its release."""
    numbers, dash, label = version.partition("-")
    parts = [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in numbers.split(".")]
    return (*parts, (0, 0, label) if dash else (1, 0, ""))
