"""What a row of the benchmark is: declared once, read by the run, the table, the JSON and the chart.

https://github.com/wg/wrk and https://nginx.org/en/docs/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.databases import SQLITE

if TYPE_CHECKING:
    from bench.bench import Bench

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Goal:
    """A figure of a row: its name, its unit, and what it should be at least or at most, if anything."""

    name: str
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str:
        if self.at_least is not None:
            return f"≥ {number(self.at_least)} {self.unit}"
        return f"≤ {number(self.at_most)} {self.unit}" if self.at_most is not None else ""

    def reached(self, value: float) -> float | None:
        """How much of the target: 1 is just met, 2 twice as good as asked."""
        if self.at_least is not None:
            return value / self.at_least
        return self.at_most / max(value, 1e-9) if self.at_most is not None else None


@dataclass(frozen=True)
class Row:
    number: int
    name: str
    goals: tuple[Goal, ...]
    measure: Callable[[Bench], Figures]
    """Gives a figure for each goal, by name; only for those that the size of the store allows."""
    for_peers: bool = False
    """Whether another FHIR server, known by nothing but its base URL, can be measured in the same way."""
    databases: tuple[str, ...] = (SQLITE,)
    """On which it is measured; each has lines of its own in the table."""
    published: str = ""
    """What others have published of themselves, for a table's reader to compare."""


def number(value: float | None) -> str:
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 or not value else f"{value:.2g}"
