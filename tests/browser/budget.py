"""How heavy a page may be: it is read at a bedside, on a phone, over whatever network there is.

The first 14 kB of an answer arrive in one round trip: https://www.rfc-editor.org/rfc/rfc6928
Render-blocking as Chromium itself judges it: https://www.w3.org/TR/resource-timing/#dom-renderblockingstatustype
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from playwright.sync_api import Page, Response

from tests.browser.watch import Watch

HTML_AND_CSS = 14_000  # bytes, compressed
WHOLE_PAGE = 60_000
STYLED = ("document", "stylesheet")  # Chromium's words for HTML and CSS
BLOCKING = """() => performance.getEntriesByType("resource")
    .filter(one => one.renderBlockingStatus === "blocking").map(one => one.name)"""


def excesses(page: Page, watch: Watch) -> Iterator[str]:
    """One line for each part of the budget that the page, fully loaded, has gone beyond."""
    weights = {one: weight(one) for one in watch.answers if one.ok}
    styled = sum(size for one, size in weights.items() if one.request.resource_type in STYLED)
    if styled > HTML_AND_CSS:
        yield f"HTML with its CSS is {styled} bytes compressed; allowed: {HTML_AND_CSS}"
    if (total := sum(weights.values())) > WHOLE_PAGE:
        yield f"the whole page is {total} bytes compressed; allowed: {WHOLE_PAGE}"
    yield from (f"blocks rendering: {url}" for url in page.evaluate(BLOCKING))


def weight(response: Response) -> int:
    """What its body weighs on the way: a proxy compresses what gets smaller by it."""
    body = response.body()
    return min(len(body), len(gzip.compress(body, 6)))
