"""Each check of this folder goes red on the page that it is there to find."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser import accessibility, budget, validity
from tests.browser.chromium import SMALL_PHONE, View, opened
from tests.browser.pages import links
from tests.browser.paper import PAPERS, printed, sheets
from tests.browser.watch import Watch

ORIGIN = "http://page.test"
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>A page</title>{head}</head><body><main><h1>A page</h1>{body}</main></body></html>"""
GOOD = PAGE.format(head="<style>p{color:#222;background:#fff}</style>", body="<p>Words.</p>")

Show = Callable[..., tuple[Page, Watch]]


@pytest.fixture
def show(browser: Browser) -> Iterator[Show]:
    """Show HTML as the page of a server that has `files` besides, and answers 404 to all else."""
    with opened(browser, ORIGIN, View(SMALL_PHONE)) as (page, watch):

        def shown(html: str, files: dict[str, str] | None = None, **headers: str) -> tuple[Page, Watch]:
            def answer(route: Route) -> None:
                path = route.request.url.removeprefix(ORIGIN)
                body = {"/": html, **(files or {})}.get(path)
                kind = {".css": "text/css", ".js": "text/javascript"}.get(Path(path).suffix, "text/html")
                sent = {"Content-Type": kind, **{name.replace("_", "-"): headers[name] for name in headers}}
                route.fulfill(status=404 if body is None else 200, body=body or "", headers=sent)

            page.route(f"{ORIGIN}/**", answer)
            page.goto("/", wait_until="networkidle")
            return page, watch

        yield shown


def test_a_good_page_passes_every_check(show: Show) -> None:
    page, watch = show(GOOD, Content_Security_Policy="default-src 'none'; style-src 'unsafe-inline'")
    assert accessibility.violations(page) == []
    assert list(budget.excesses(page, watch)) == []
    assert watch.faults == []


BROKEN_RULES = {
    "color-contrast": '<p style="color:#aaa;background:#fff">Pale.</p>',
    "image-alt": '<img src="data:,">',
    "label": "<input>",
    "target-size": '<button style="all:unset;width:9px;height:9px">a</button>' * 2,
    "reflow": '<p style="width:400px">Wide.</p>',
}


@pytest.mark.parametrize("rule", BROKEN_RULES)
def test_a_broken_rule_of_accessibility_is_found(show: Show, rule: str) -> None:
    page, _ = show(PAGE.format(head="", body=BROKEN_RULES[rule]))
    assert {line.split(":")[0] for line in accessibility.violations(page)} == {rule}


@pytest.mark.parametrize("ground", ["background:#111", "color-scheme:dark"])
def test_dark_colours_are_judged_as_dark(browser: Browser, ground: str) -> None:
    """Whether the page paints its ground itself, or leaves that to the browser."""
    head = "<style>@media (prefers-color-scheme:dark){:root{%s;color:%s}}</style>"
    with opened(browser, ORIGIN, View(SMALL_PHONE, "dark")) as (page, _):
        page.set_content(PAGE.format(head=head % (ground, "#333"), body=""))
        assert "color-contrast: h1" in accessibility.violations(page)[0]
        page.set_content(PAGE.format(head=head % (ground, "#eee"), body=""))
        assert accessibility.violations(page) == []


def test_what_axe_cannot_judge_is_found(show: Show) -> None:
    picture = "background:linear-gradient(red,blue)"
    page, _ = show(PAGE.format(head="", body=f'<p style="{picture}">Words.</p>'))
    assert [line.split(": p:")[0] for line in accessibility.violations(page)] == ["undecided: color-contrast"]


def test_a_page_that_waits_for_a_script_is_found(browser: Browser) -> None:
    script = "<script>document.querySelector('main').hidden = false</script>"
    html = PAGE.format(head="", body="<p>" + "Words. " * 20).replace("<main>", "<main hidden>") + script
    for scripts, wrong in ((True, []), (False, ["no title in sight", "no more than 0 words"])):
        with opened(browser, ORIGIN, View(SMALL_PHONE), scripts=scripts) as (page, _):
            page.set_content(html)
            assert accessibility.unreadable(page) == wrong


def test_sheets_of_paper_are_counted(show: Show) -> None:
    page, _ = show(PAGE.format(head="", body='<p style="break-before:page">Words.</p>' * 2))
    assert [sheets(printed(page, paper)) for paper in PAPERS] == [3, 3]


def test_invalid_html_is_found() -> None:
    invalid = {
        "Stray end tag": PAGE.format(head="", body="</b>"),
        "Duplicate ID": PAGE.format(head="", body='<p id="a"></p><p id="a"></p>'),
        "Property “colour”": PAGE.format(head="<style>p{colour:red}</style>", body=""),
        "“circle” not allowed": PAGE.format(head="", body="<circle/>"),
        "attribute “role”": PAGE.format(head="", body='<p role="paragraf">a</p>'),
    }
    errors = validity.errors({"good": GOOD, **invalid})
    assert {error.split(",")[0] for error in errors} == set(invalid)
    for message in invalid:
        assert any(error.startswith(f"{message}, line 3: ") and message in error for error in errors), errors


FAULTS = {
    "asked another origin: http://elsewhere.test/a.png": '<img alt="" src="http://elsewhere.test/a.png">',
    "asked another origin: http://elsewhere.test/a": '<iframe title="a" src="//elsewhere.test/a"></iframe>',
    "asked another origin: http://elsewhere.test/f": '<style>p{background:url("//elsewhere.test/f")}</style>',
    "opened a WebSocket": "<script>new WebSocket('ws://elsewhere.test')</script>",
    "got 404: GET http://page.test/lost.png": '<img alt="" src="/lost.png">',
    "console: broken": "<script>console.error('broken')</script>",
    "uncaught": "<script>undefined.property</script>",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_no_page_may_do_is_seen(show: Show, fault: str) -> None:
    _, watch = show(PAGE.format(head="", body=f"<p>Words.</p>{FAULTS[fault]}"))
    watch.expect_fault(fault)


def test_a_breach_of_the_pages_own_policy_is_seen(show: Show) -> None:
    html = PAGE.format(head="", body="<p style='color:red'>Red.</p>")
    _, watch = show(html, Content_Security_Policy="default-src 'none'")
    watch.expect_fault("Content Security Policy")


def test_a_fault_that_did_not_come_is_no_expected_one(show: Show) -> None:
    _, watch = show(GOOD)
    with pytest.raises(AssertionError, match="no fault holds 'lost'"):
        watch.expect_fault("lost")


NOISE = random.Random(1).randbytes(40_000).hex()  # compresses to its half: 40 kB


FILES = {"/a.css": "", "/a.js": "", "/heavy.css": f"/* {NOISE[:30_000]} */", "/heavy.js": f"// {NOISE * 2}"}
EXCESSES = {
    "HTML with its CSS is": f"<!-- {NOISE[:30_000]} -->",
    "HTML with its CSS": '<link rel="stylesheet" href="/heavy.css">',
    "the whole page": '<script src="/heavy.js"></script>',
    "blocks rendering: http://page.test/a.css": '<link rel="stylesheet" href="/a.css">',
    "blocks rendering: http://page.test/a.js": '<script src="/a.js"></script>',
}


@pytest.mark.parametrize("excess", EXCESSES)
def test_a_page_beyond_its_budget_is_found(show: Show, excess: str) -> None:
    page, watch = show(PAGE.format(head=EXCESSES[excess], body=""), FILES)
    assert any(line.startswith(excess) for line in budget.excesses(page, watch))


def test_a_script_that_waits_blocks_nothing(show: Show) -> None:
    page, watch = show(PAGE.format(head='<script defer src="/a.js"></script>', body=""), FILES)
    assert list(budget.excesses(page, watch)) == []


def test_links_are_followed_within_the_service_only() -> None:
    html = (
        '<link rel="alternate" href="?lang=es"><a href="/a#part">a</a><a href="http://page.test.evil/">b</a>'
    )
    html += '<iframe src="c"></iframe><a href="mailto:a@b.test">d</a><a id="e">e</a>'
    assert list(links(ORIGIN, "/topics/x", html)) == ["/topics/x?lang=es", "/a", "/topics/c"]
