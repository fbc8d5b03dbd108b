"""What a parent does: find the page, read it at the bedside, go to a part, keep a link to what was read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import PHONE, SMALL_PHONE, WIDE, View

TOPIC = "/topics/ivig-itp"
every_width = pytest.mark.parametrize("view", [View(SMALL_PHONE), View(PHONE), View(WIDE)], ids=str)


def box(element: Locator) -> dict[str, Any]:
    found = element.bounding_box()
    assert found
    return {**found, "right": found["x"] + found["width"], "bottom": found["y"] + found["height"]}


def test_a_parent_finds_the_page_and_goes_to_a_part_of_it(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="IVIG Treatment for ITP").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("IVIG Treatment for ITP")
    expect(page.get_by_text("Not yet reviewed by a clinician")).to_be_in_viewport()
    page.get_by_role("navigation").get_by_role("link", name="Side effects of IVIG").click()
    expect(page.get_by_role("heading", name="Side effects of IVIG")).to_be_in_viewport()


@every_width
def test_the_side_effects_are_one_unbroken_band_of_time(page: Page) -> None:
    """The sentence about all of the time touches both lists, and there is no blank between the lists."""
    page.goto(TOPIC)
    sentence, lists = box(page.locator(".band")), box(page.locator(".spans"))
    assert lists["y"] <= sentence["bottom"] + 0.5
    during, after = (box(one) for one in page.locator(".spans > section").all())
    if during["y"] == after["y"]:
        assert after["x"] == pytest.approx(during["right"], abs=0.5)
    else:
        assert after["y"] == pytest.approx(during["bottom"], abs=8)


@every_width
def test_the_first_screen_says_what_it_is_and_that_nobody_reviewed_it(page: Page) -> None:
    page.goto(TOPIC)
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    expect(page.get_by_text("Not yet reviewed by a clinician")).to_be_in_viewport()


def test_the_keyboard_reaches_the_text_in_two_strokes(page: Page) -> None:
    page.goto(TOPIC)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name=re.compile("skip", re.IGNORECASE))).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.keyboard.press("Tab")
    inside = "document.querySelector('main').contains(document.activeElement)"
    assert page.evaluate(inside)


def test_a_link_keeps_what_was_read(page: Page) -> None:
    page.goto(TOPIC)
    read = page.locator("main section[aria-labelledby]").all_inner_texts()
    page.get_by_role("link", name="Permanent link").click()
    assert re.search(r"/topics/ivig-itp/v/[0-9.]+$", page.url)
    kept = page.locator("main section[aria-labelledby]").all_inner_texts()
    assert kept == read


def test_nothing_is_kept_in_the_browser(page: Page) -> None:
    page.goto(TOPIC)
    assert page.context.storage_state() == {"cookies": [], "origins": []}


def test_dark_and_light_follow_the_reader(page: Page) -> None:
    page.goto(TOPIC)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) != light
