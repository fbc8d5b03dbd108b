"""Every page that the service has, as people meet it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.browser import accessibility, budget, validity
from tests.browser.chromium import SCHEMES, SMALL_PHONE, WIDE, View
from tests.browser.pages import TOPIC, Pages
from tests.browser.paper import PAPERS, printed, sheets
from tests.browser.watch import Watch

# Every kind of page, by what its path matches whole; the walk must have met each.
KINDS = (
    r"/",
    r"/topics/ivig-itp",
    r"/topics/ivig-itp\?lang=es",
    r"/topics/ivig-itp/v/[0-9.]+",
    r"/topics/ivig-itp/diary.*",
    r"/integrate",
    r"/topics/no-such-topic",
    r"/infobutton/application.+v\.c=0.*",
    r"/infobutton/application.+=old",
    r"/embed/ivig-itp",
    r"/embed/ivig-itp\?lang=es",
    r"/fhir/r4/Binary/.+-en",
    r"/fhir/r4/Binary/.+-es",
)


def told(lines: list[str]) -> str:
    """Every line whole, where pytest would shorten the list."""
    return "\n" + "\n".join(lines)


def test_every_kind_of_page_is_found(pages: Pages) -> None:
    missing = [kind for kind in KINDS if not any(re.fullmatch(kind, path) for path in pages.html)]
    assert missing == []


def test_no_link_leads_nowhere(pages: Pages) -> None:
    assert not pages.broken, told(pages.broken)


def test_every_page_is_valid(pages: Pages) -> None:
    errors = validity.errors(pages.html)
    assert not errors, told(errors)


@pytest.mark.parametrize("policy", [False], ids=["without-policy"])  # the sandbox of a Binary stops axe-core
@pytest.mark.parametrize("view", [View(SMALL_PHONE), View(WIDE)], ids=str)
def test_no_page_breaks_a_rule_of_accessibility(page: Page, pages: Pages) -> None:
    found = []
    for path in pages.html:
        page.goto(path)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found += [f"{path}, {scheme}: {line}" for line in accessibility.violations(page)]
    assert not found, told(found)


def test_every_page_is_within_its_budget(page: Page, watch: Watch, pages: Pages) -> None:
    found = []
    for path in pages.html:
        watch.answers.clear()
        page.goto(path, wait_until="networkidle")
        found += [f"{path}: {line}" for line in budget.excesses(page, watch)]
    assert not found, told(found)


@pytest.mark.parametrize("scripts", [False], ids=["without-scripts"])
def test_every_page_can_be_read_without_scripts(page: Page, pages: Pages) -> None:
    """Nothing waits for a script to show it."""
    found = []
    for path in pages.html:
        page.goto(path)
        found += [f"{path}: {line}" for line in accessibility.unreadable(page)]
    assert not found, told(found)


def test_a_topic_prints_on_two_sheets(page: Page, pages: Pages) -> None:
    found: dict[tuple[str, str], int] = {}
    for path in filter(TOPIC.fullmatch, pages.html):
        page.goto(path)
        found |= {(path, paper): sheets(printed(page, paper)) for paper in PAPERS}
    assert {key: count for key, count in found.items() if count > 2} == {}
