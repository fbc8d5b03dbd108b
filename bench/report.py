"""What a run found, as a table, as JSON and in docs/performance.md.

https://github.github.com/gfm/#tables-extension-
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.charts import by_size, targets
from bench.declaration import number
from bench.found import Found

_DOCS = Path(__file__).parent.parent / "docs"
RESULTS = Path(__file__).parent / "results"
_BETWEEN = re.compile(r"(<!-- bench: begin -->\n).*?(<!-- bench: end -->)", re.DOTALL)
_HEAD = ("#", "Measure", "On", "Target", "Measured", "Met", "Besides", "Published by others")
_BY_SIZE = 5


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
            yield *head, goal.target, f"{goal.name} {number(value)} {goal.unit}", met, beside, published
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
    """Put table and charts between the marks of performance.md."""
    (docs / "performance.svg").write_text(targets(found))
    pictures = ["![How much of each target is reached](performance.svg)"]
    sized = [one for one in found if one.row.number == _BY_SIZE and one.figures]
    if sized:
        goal = next(goal for goal in sized[0].row.goals if goal.name == "p50")
        (docs / "performance-sizes.svg").write_text(by_size(sized, goal))
        pictures.append("![The median of distinct searches by the size of the store](performance-sizes.svg)")
    told = "\n".join(f"- {name}: {value}" for name, value in run.items())
    page = docs / "performance.md"
    text = "\n\n".join([*pictures, table(found), told]) + "\n\n"
    page.write_text(_BETWEEN.sub(lambda marks: marks[1] + text + marks[2], page.read_text()))
