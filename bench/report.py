"""What a run found, as a table, as JSON and as a chart in docs/performance.md.

https://www.w3.org/TR/SVG2/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from bench.declaration import Figures, Goal, Row, number

_DOCS = Path(__file__).parent.parent / "docs"
RESULTS = Path(__file__).parent / "results"
_BETWEEN = re.compile(r"(<!-- bench: begin -->\n).*?(<!-- bench: end -->)", re.DOTALL)
_HEAD = ("#", "Measure", "On", "Target", "Measured", "Met", "Besides", "Published by others")


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


def table(found: list[Found]) -> str:
    """As Markdown, which also reads well in a terminal."""
    rows = [_HEAD, *(line for one in found for line in _lines(one))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    written = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return "\n".join([written[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *written[1:]])


def _lines(one: Found) -> Iterator[tuple[str, ...]]:
    head, published = (str(one.row.number), one.row.name, one.database), one.row.published
    if one.failure:
        yield *head, "", "failed", "no", one.failure, published
        return
    # What has no target stands beside the first figure that has one.
    beside = "; ".join(
        f"{goal.name} {number(value)} {goal.unit}" for goal, value, reached in one.goals() if reached is None
    )
    for goal, value, reached in one.goals():
        if reached is not None:
            met = "yes" if reached >= 1 else "no"
            yield *head, goal.target, f"{number(value)} {goal.unit}", met, beside, published
            head, beside, published = ("", "", ""), "", ""


def as_json(found: list[Found], run: Mapping[str, Any]) -> str:
    rows = [
        {
            "row": one.row.number,
            "name": one.row.name,
            **({"database": one.database} if one.database else {}),
            **({"failure": one.failure} if one.failure else {}),
            "figures": [
                {
                    "name": goal.name,
                    "value": round(value, 4),
                    "unit": goal.unit,
                    "at_least": goal.at_least,
                    "at_most": goal.at_most,
                }
                for goal, value, _ in one.goals()
            ],
        }
        for one in found
    ]
    return json.dumps({**run, "rows": rows}, indent=2, ensure_ascii=False) + "\n"


def redraw(found: list[Found], run: Mapping[str, Any], docs: Path = _DOCS) -> None:
    """Put table and chart between the marks of performance.md."""
    (docs / "performance.svg").write_text(chart(found))
    told = "; ".join(f"{name} {value}" for name, value in run.items())
    page = docs / "performance.md"
    text = f"![How much of each target is reached](performance.svg)\n\n{table(found)}\n\n{told}.\n\n"
    page.write_text(_BETWEEN.sub(lambda marks: marks[1] + text + marks[2], page.read_text()))


_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .met { fill: #2da44e } .not { fill: #bf8700 }
  line { stroke: #1f2328; stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } line { stroke: #e6edf3 } }
"""
_LEFT, _UNIT, _MOST, _STEP = 330, 150, 3.0, 24


def chart(found: list[Found]) -> str:
    """A bar for each target: as long as the part of it that is reached; the dashed line is the target."""
    bars = [
        (f"{one.row.number}  {one.row.name.split(';')[0]}", goal, value, reached)
        for one in found
        for goal, value, reached in one.goals()
        if reached is not None
    ]
    height, width = _STEP * len(bars) + 34, int(_LEFT + _UNIT * _MOST + 240)
    drawn = [_bar(place, *bar) for place, bar in enumerate(bars)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img">\n'
        f"<title>How much of each target is reached</title>\n<style>{_STYLE}</style>\n"
        + "".join(drawn)
        + f'<line x1="{_LEFT + _UNIT}" x2="{_LEFT + _UNIT}" y1="4" y2="{height - 24}"/>\n'
        + f'<text x="{_LEFT + _UNIT}" y="{height - 8}" text-anchor="middle">target</text>\n</svg>\n'
    )


def _bar(place: int, name: str, goal: Goal, value: float, reached: float) -> str:
    top, length = place * _STEP + 6, round(_UNIT * min(reached, _MOST))
    told = escape(f"{number(value)} {goal.unit}  ({goal.target.removesuffix(goal.unit).strip()})")
    return (
        f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end">{escape(name)}</text>\n'
        f'<rect x="{_LEFT}" y="{top}" width="{length}" height="17" rx="2" '
        f'class="{"met" if reached >= 1 else "not"}"/>\n'
        f'<text x="{_LEFT + length + 8}" y="{top + 13}">{told}</text>\n'
    )
