"""The table, the JSON and the chart say what the rows declare, and whether it was met."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.charts import by_size, targets
from bench.databases import BOTH
from bench.declaration import Goal, Row
from bench.found import Found
from bench.report import as_json, redraw, table
from bench.rows import ROWS
from bench.wrk import Failed, read

ROW = Row(
    1,
    "reads",
    (Goal("rate", "/s", at_least=1_000), Goal("p99", "ms", at_most=10), Goal("bytes", "B")),
    lambda bench: {},
    published="Others 9/s",
)
FOUND = Found(ROW, {"rate": 500.0, "p99": 5.0, "bytes": 7.0}, "SQLite")


def test_every_row_is_declared_once_with_a_target() -> None:
    numbers = [row.number for row in ROWS]
    assert numbers == sorted(set(numbers))
    for row in ROWS:
        names = [goal.name for goal in row.goals]
        assert len(names) == len(set(names))
        assert any(goal.target for goal in row.goals)


def test_the_table_has_a_line_for_each_target() -> None:
    _, _, *lines = table([FOUND]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells == [
        ["1", "reads", "SQLite", "≥ 1,000 /s", "rate 500 /s", "no", "bytes 7.00 B", "Others 9/s"],
        ["", "", "", "≤ 10.0 ms", "p99 5.00 ms", "yes", "", ""],
    ]


def test_what_was_not_measured_is_not_in_the_table() -> None:
    assert "10.0 ms" not in table([Found(ROW, {"rate": 500.0})])


def test_a_failure_is_told_in_place_of_figures() -> None:
    assert "failed" in table([Found(ROW, {}, failure="it broke")])
    assert json.loads(as_json([Found(ROW, {}, failure="it broke")], {}))["rows"][0]["failure"] == "it broke"


def test_the_json_holds_figures_with_their_targets() -> None:
    told = json.loads(as_json([FOUND], {"cores": 2}))
    assert told["cores"] == 2
    assert told["rows"][0]["figures"][0] == {
        "name": "rate",
        "value": 500.0,
        "unit": "/s",
        "at_least": 1_000,
        "at_most": None,
    }


def test_a_bar_is_as_long_as_the_part_of_the_target_that_is_reached() -> None:
    bars = ElementTree.fromstring(targets([FOUND])).iter("{http://www.w3.org/2000/svg}rect")
    lengths = {bar.get("class"): int(bar.get("width", "")) for bar in bars}
    assert lengths["not"] * 4 == lengths["met"] == lengths["all"]


def test_each_database_has_a_line_through_the_sizes() -> None:
    median = Goal("p50", "ms", at_most=2)
    row = Row(5, "searches", (median, Goal("at 10", "ms"), Goal("at 100", "ms")), lambda bench: {})
    found = [Found(row, {"p50": 1, "at 10": 1, "at 100": 2}, name) for name in BOTH]
    picture = ElementTree.fromstring(by_size(found, median))
    lines = [line.get("points", "").split() for line in picture.iter("{http://www.w3.org/2000/svg}polyline")]
    assert [len(points) for points in lines] == [2, 2]
    assert {"10", "100", *BOTH} <= {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}


def test_only_what_stands_between_the_marks_is_redrawn(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n")
    redraw([FOUND], {"cores": 2}, tmp_path)
    text = page.read_text()
    assert text.startswith("before\n<!-- bench: begin -->\n![") and text.endswith(
        "<!-- bench: end -->\nafter\n"
    )
    assert table([FOUND]) in text and "old" not in text
    assert (tmp_path / "performance.svg").exists()


def test_a_rate_of_answers_with_errors_is_no_rate() -> None:
    told = {"requests": 10, "seconds": 2.0, "errors": 0, "p50": 1, "p99": 3}
    assert read("noise\n" + json.dumps(told)).rate == 5
    with pytest.raises(Failed):
        read(json.dumps(told | {"errors": 1}))
