"""Draws what a run found: narrow enough for a phone, in the colours of the reader's light or dark page.

https://www.w3.org/TR/SVG2/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from bench.declaration import Goal, number
from bench.found import Found

_WIDTH, _MARGIN = 440, 4
_STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2328 }
  .name { font-weight: 600 } .small { font-size: 13px }
  .met { fill: #2da44e } .not { fill: #bf8700 } .all { fill: #8c959f; opacity: .25 }
  .target { stroke: #1f2328; }
  .line { fill: none; stroke-width: 2.5 } .of0 { stroke: #0969da } .of1 { stroke: #bf3989 }
  .dot0 { fill: #0969da } .dot1 { fill: #bf3989 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .target { stroke: #e6edf3 } .of0 { stroke: #58a6ff } .of1 { stroke: #ff7bc0 }
    .dot0 { fill: #58a6ff } .dot1 { fill: #ff7bc0 }
  }
"""


def _svg(height: int, title: str, drawn: str) -> str:
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n{drawn}</svg>\n"
    )


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "small") -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escape(text)}</text>\n'


def _bar(y: float, length: int, kind: str) -> str:
    place = f'x="{_MARGIN}" y="{y:.0f}" width="{length}" height="9" rx="2"'
    return f'<rect class="{kind}" {place}/>\n'


def _dot(x: float, y: float, place: int) -> str:
    return f'<circle class="dot{place}" cx="{x:.0f}" cy="{y:.0f}" r="4"/>\n'


def _target(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="target" x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}"/>\n'


# A bar that is twice as long as its target asks ends at the edge; longer ones end there too.
_TARGET, _MOST = (_WIDTH - 2 * _MARGIN) // 2, 2.0
_HEAD, _STEP = 30, 36


def targets(found: list[Found]) -> str:
    """A bar for each target: as long as the part of it that is reached."""
    drawn, top, last = [], 4, 0
    for one in found:
        bars = [(goal, value, reached) for goal, value, reached in one.goals() if reached is not None]
        if bars and one.row.number != last:
            name = f"{one.row.number}  {one.row.name.split(';')[0]}"
            drawn.append(_text(_MARGIN, top + 20, name, kind="name"))
            top, last = top + _HEAD, one.row.number
        for goal, value, reached in bars:
            told = f"{one.database} {goal.name} {number(value)} {goal.unit}".strip()
            drawn.append(_reached(top, told, goal, reached))
            top += _STEP
    drawn.append(_text(_MARGIN, top + 20, "The mark is the target; the edge is twice as good, or better."))
    return _svg(top + 30, "How much of each target is reached", "".join(drawn))


def _reached(top: int, told: str, goal: Goal, reached: float) -> str:
    aim = goal.target.removesuffix(goal.unit).strip()
    return (
        _text(_MARGIN, top + 14, told)
        + _text(_WIDTH - _MARGIN, top + 14, aim, "end")
        + _bar(top + 19, _WIDTH - 2 * _MARGIN, "all")
        + _bar(top + 19, round(_TARGET * min(reached, _MOST)), "met" if reached >= 1 else "not")
        + _target(_MARGIN + _TARGET, top + 16, _MARGIN + _TARGET, top + 31)
    )


_SIZES_HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 260, 64, 380, 40, 220
_AT_A_SIZE = re.compile(r"at ([\d,]+)")


def by_size(found: list[Found], goal: Goal) -> str:
    """A line for each database through the figures `at 10,000` and so on; the straight one is the target."""
    lines = {one.database: list(_by_size(one)) for one in found}
    sizes = sorted({size for line in lines.values() for size, _ in line})
    aim = goal.at_most or 0
    highest = max([aim, *(value for line in lines.values() for _, value in line)]) * 1.15

    def across(size: int) -> float:
        return _LEFT + (_RIGHT - _LEFT) * sizes.index(size) / max(len(sizes) - 1, 1)

    def up(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * value / highest

    drawn = [
        _text(_MARGIN, 20, f"Median of distinct searches, {goal.unit}", kind="name"),
        _target(_LEFT + 12, up(aim), _RIGHT, up(aim)),
        _text(_MARGIN, up(aim) + 4, goal.target),
        *(_text(across(size), _BOTTOM + 22, f"{size:,}", "middle") for size in sizes),
    ]
    for place, (database, line) in enumerate(lines.items()):
        drawn += [
            _line(place, [(across(size), up(value)) for size, value in line]),
            _dot(_LEFT + 6 + 120 * place, _SIZES_HEIGHT - 9, place),
            _text(_LEFT + 16 + 120 * place, _SIZES_HEIGHT - 4, database),
        ]
    for size in sizes:
        # The higher figure stands over its dot, the other under it.
        values = sorted({value for line in lines.values() for at, value in line if at == size}, reverse=True)
        for value, offset in zip(values, (-9, 20), strict=False):
            drawn.append(_text(across(size), up(value) + offset, number(value), "middle"))
    return _svg(_SIZES_HEIGHT, "The median of distinct searches by the size of the store", "".join(drawn))


def _by_size(one: Found) -> Iterator[tuple[int, float]]:
    for goal, value, _ in one.goals():
        if name := _AT_A_SIZE.fullmatch(goal.name):
            yield int(name[1].replace(",", "")), value


def _line(place: int, points: list[tuple[float, float]]) -> str:
    path = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    return f'<polyline class="line of{place}" points="{path}"/>\n' + "".join(
        _dot(x, y, place) for x, y in points
    )
