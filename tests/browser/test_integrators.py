"""What an integrator does with the page of the doors: build a request, see the answer, copy it."""

from __future__ import annotations

import shlex

import pytest
from playwright.sync_api import Page, expect

from tests.browser import accessibility
from tests.browser.chromium import SMALL_PHONE, VIEWS, WIDE
from tests.browser.watch import Watch

PATH = "/integrate"


def line(page: Page, door: str) -> str:
    return page.locator(f"#{door} code").inner_text()


def ask(page: Page, door: str) -> str:
    """The live answer of a door."""
    page.locator(f"#{door}").get_by_role("button", name="Show the answer").click()
    expect(page.locator(f"#{door}").get_by_role("status")).to_contain_text("Answered")
    return page.locator(f"#{door} .answer").inner_text()


@pytest.mark.parametrize("door", ["infobutton", "cds-hooks", "fhir", "packages"])
def test_each_door_answers_live(page: Page, door: str) -> None:
    page.goto(PATH)
    before = line(page, door)
    assert ask(page, door).startswith("200")
    assert line(page, door) == before


def test_the_script_writes_a_request_as_the_page_did(page: Page) -> None:
    page.goto(PATH)
    for door in page.locator("form.door").all():
        written = door.locator("code").inner_text()
        door.locator("select").last.dispatch_event("input")
        assert door.locator("code").inner_text() == written


def test_a_knowledge_request_is_built_of_choices(page: Page) -> None:
    page.goto(PATH)
    door = page.locator("#infobutton")
    door.get_by_label("About").select_option(label="ICD-10-CM D69.3 (Immune thrombocytopenic purpura)")
    door.get_by_label("Who reads").select_option("PAT")
    door.get_by_label("Answer as").select_option("application/json")
    _, _, address = shlex.split(line(page, "infobutton"))
    assert address.endswith(
        "/infobutton/service?mainSearchCriteria.v.c=D69.3&mainSearchCriteria.v.cs=2.16.840.1.113883.6.90"
        "&informationRecipient=PAT&knowledgeResponseType=application/json"
    )
    shown = ask(page, "infobutton")
    assert "content-type: application/json" in shown and "topic-content: ivig-itp=" in shown
    assert '"entry": [\n' in shown


def test_a_call_of_a_hook_can_be_changed_and_is_sent_as_shown(page: Page, watch: Watch) -> None:
    page.goto(PATH)
    door = page.locator("#cds-hooks")
    door.get_by_label("Hook").select_option("order-select")
    assert '"selections"' in door.get_by_label("What is sent").input_value()
    assert "education-order-select" in line(page, "cds-hooks")
    assert '"cards"' in ask(page, "cds-hooks")
    door.get_by_label("What is sent").fill("{'")
    assert shlex.split(line(page, "cds-hooks"))[-1] == "{'"
    door.get_by_role("button", name="Show the answer").click()
    expect(page.locator("#cds-hooks .answer")).to_contain_text("400")
    watch.expect_fault("got 400")


def test_an_embed_is_shown_and_its_frame_written(page: Page) -> None:
    page.goto(PATH)
    door = page.locator("#embed")
    door.get_by_label("Section").select_option("side-effects")
    door.get_by_label("Colours").select_option("dark")
    assert '/embed/ivig-itp?section=side-effects&amp;theme=dark" title=' in line(page, "embed")
    door.get_by_role("button", name="Show the frame").click()
    framed = page.frame_locator("#embed iframe")
    expect(framed.get_by_role("heading", name="Side effects of IVIG")).to_be_visible()


def test_a_line_is_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(PATH)
    page.locator("#fhir").get_by_role("button", name="Copy").click()
    expect(page.locator("#fhir").get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == line(page, "fhir")


@pytest.mark.parametrize("scripts", [False], ids=["without-scripts"])
def test_without_scripts_every_request_is_there_to_read(page: Page) -> None:
    page.goto(PATH)
    expect(page.locator("form.door code")).to_have_count(6)
    assert all(one.is_visible() for one in page.locator("form.door code").all())
    expect(page.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("policy", [False], ids=["without-policy"])  # so that axe-core may run
@pytest.mark.parametrize("view", [view for view in VIEWS if view.width in (SMALL_PHONE, WIDE)], ids=str)
def test_the_live_answers_break_no_rule_of_accessibility(page: Page) -> None:
    page.goto(PATH)
    for door in ("infobutton", "cds-hooks", "fhir", "packages"):
        ask(page, door)
    assert accessibility.violations(page) == []
