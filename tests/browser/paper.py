"""What a page prints as: a PDF, and how many sheets of paper it takes.

https://playwright.dev/python/docs/api/class-page#page-pdf
"""

from __future__ import annotations

import re

from playwright.sync_api import Page

PAPERS = ("A4", "Letter")


def printed(page: Page, paper: str) -> bytes:
    """The PDF that a person gets who prints it on that paper; margins are the style sheet's."""
    return page.pdf(format=paper, prefer_css_page_size=False)


def sheets(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
