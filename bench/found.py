"""What a row found.

https://github.com/wg/wrk
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.declaration import Figures, Goal, Row, number


@dataclass(frozen=True)
class Found:
    """The figures of one row, or why there are none."""

    row: Row
    figures: Figures
    database: str = ""
    failure: str = ""

    def told(self) -> str:
        """In a line."""
        return self.failure or "; ".join(
            f"{goal.name} {number(value)} {goal.unit}" for goal, value, _ in self.goals()
        )

    def goals(self) -> Iterator[tuple[Goal, float, float | None]]:
        """What was aimed at and measured: the figure, and how much of the target it reaches."""
        for goal in self.row.goals:
            if goal.name in self.figures:
                yield goal, self.figures[goal.name], goal.reached(self.figures[goal.name])
