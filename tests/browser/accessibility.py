"""Accessibility that a program can tell: the rules of WCAG 2.2 A and AA in axe-core, and reflow.

https://www.w3.org/TR/WCAG22/ and https://www.npmjs.com/package/axe-core

It runs in the page, with scripts on. Where the page's Content-Security-Policy has a sandbox without them, it
needs a page that was opened with `policy` off.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests import npm

FOLDER = Path(__file__).parent
FEWEST = 20  # words: a page that says less is a shell that a script was to fill
SHOWN = 3  # elements that a line names
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
# axe-core takes a page without a background for white; the browser paints the canvas, which may be dark.
PAINT = """() => {
    const isBare = one => getComputedStyle(one).backgroundColor === "rgba(0, 0, 0, 0)"
    const root = document.documentElement
    if (isBare(root) && isBare(document.body)) root.style.backgroundColor = "Canvas"
}"""
START = """tags => {
    window.axeResults = null
    axe.run(document, {
        runOnly: {type: "tag", values: tags},
        rules: {"target-size": {enabled: true}},
        resultTypes: ["violations", "incomplete"],
    }).then(({violations, incomplete}) => { window.axeResults = {violations, incomplete} })
}"""
# WCAG 2.2, 1.4.10: at 320 CSS pixels nothing is reached by scrolling sideways. axe-core does not look.
TOO_WIDE = """() => {
    const root = document.documentElement
    if (root.scrollWidth <= root.clientWidth) return []
    return Array.from(document.body.querySelectorAll("*"))
        .filter(one => one.getBoundingClientRect().right > root.clientWidth + 0.5)
        .map(one => one.tagName.toLowerCase() + (one.id ? "#" + one.id : ""))
}"""


@cache
def axe_source() -> str:
    return (npm.install(FOLDER) / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """One line for each rule broken, or not to be judged by axe-core, and its reason, with the elements."""
    results = _run_axe(page)
    undecided = (f"undecided: {line}" for line in _lines(results["incomplete"]))
    return [*_lines(results["violations"]), *undecided, *_too_wide(page)]


def unreadable(page: Page) -> list[str]:
    """What a page lacks to be read as it stands: its title in sight, and words."""
    found = [] if page.get_by_role("heading", level=1).is_visible() else ["no title in sight"]
    words = page.locator("body").inner_text().split()
    return found if len(words) >= FEWEST else [*found, f"no more than {len(words)} words"]


def _run_axe(page: Page) -> Any:
    """What axe-core says of the page; a time-out where the page lets no script go on."""
    page.evaluate(PAINT)
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_source())
    page.evaluate(START, TAGS)
    return page.wait_for_function("window.axeResults").json_value()


def _lines(results: list[dict[str, Any]]) -> Iterator[str]:
    for rule in results:
        elements: dict[str, list[str]] = {}
        for node in rule["nodes"]:
            why = " ".join(node.get("failureSummary", "").split())
            elements.setdefault(why, []).append(" ".join(map(str, node["target"])))
        for why, where in elements.items():
            more = f" and {len(where) - SHOWN} more" if len(where) > SHOWN else ""
            yield f"{rule['id']}: {', '.join(where[:SHOWN])}{more}: {why}"


def _too_wide(page: Page) -> list[str]:
    found = page.evaluate(TOO_WIDE)
    return [f"reflow: wider than the window: {', '.join(found) or 'the page'}"] if found != [] else []
