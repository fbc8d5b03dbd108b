"""What a parent does with the diary, and what a portal gets from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from fhir_service.content.published import RESOURCES
from fhir_service.releases import R4
from fhir_service.releases.validator import validator
from fhir_service.topics import Topics
from tests.browser import accessibility
from tests.browser.chromium import SMALL_PHONE, VIEWS, WIDE
from tests.browser.watch import Watch
from tests.serving import Service

DIARY = "/topics/ivig-itp/diary"
EXTRACT = "/fhir/r4/QuestionnaireResponse/$extract"
NOTICE = Topics(RESOURCES).publisher.notice("en").service
STORED = """async () => [localStorage.length, sessionStorage.length, document.cookie,
    (await indexedDB.databases()).length, (await caches.keys()).length]"""


@pytest.fixture
def asked(page: Page) -> list[Request]:
    """Every request of the page."""
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))
    return requests


def make_summary(page: Page) -> None:
    page.get_by_role("button", name="Make the summary").click()
    expect(page.get_by_role("heading", name="Summary for the doctor or nurse")).to_be_focused()


def saved(page: Page, folder: Path) -> Any:
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a file").click()
    assert download.value.suggested_filename == "ivig-itp-side-effect-check.json"
    download.value.save_as(folder / "saved.json")
    return json.loads((folder / "saved.json").read_text())


def kinds(bundle: Any) -> list[str]:
    return [entry["resource"]["resourceType"] for entry in bundle["entry"]]


def test_the_notice_appears_at_once_when_a_part_of_the_reaction_is_ticked(page: Page) -> None:
    page.goto(DIARY)
    repeated = page.get_by_role("alert").filter(has_text=NOTICE)
    page.get_by_label("Headache").check()
    expect(repeated).to_be_hidden()
    page.get_by_label("Breathing problems").check()
    expect(repeated).to_be_visible()
    expect(repeated).to_be_in_viewport(ratio=1)
    page.get_by_label("Itching").check()
    page.get_by_label("Breathing problems").uncheck()
    expect(repeated).to_be_visible()  # Itching is still ticked
    page.get_by_label("Itching").uncheck()
    expect(repeated).to_be_hidden()


@pytest.mark.parametrize("scripts", [False], ids=["without-scripts"])
def test_without_scripts_the_notice_appears_too_and_the_form_is_there_to_print(page: Page) -> None:
    page.goto(DIARY)
    page.get_by_label("Severe chills").check()
    expect(page.get_by_role("alert").filter(has_text=NOTICE)).to_be_visible()
    expect(page.get_by_text("Print this page and tick it by hand.")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    page.get_by_label("Severe chills").press("Enter")  # nothing is sent by accident
    assert page.url.endswith(DIARY)


def test_a_parent_makes_a_summary_of_what_was_ticked(page: Page, asked: list[Request]) -> None:
    page.goto(DIARY)
    page.get_by_label("Breathing problems").check()
    page.get_by_role("group", name="more than a day after treatment").get_by_label("Skin rash").check()
    page.get_by_label("Side effects that are not listed").fill("  He was very tired.\x07 ")
    make_summary(page)
    shown = page.locator("#answers")
    expect(shown.get_by_role("heading")).to_have_text(
        [
            "Possible; can start during treatment",
            "Possible; usually starts more than a day after treatment",
            "Side effects that are not listed",
        ]
    )
    expect(shown.locator("li:not(:has(ul))")).to_have_text(["Breathing problems", "Skin rash"])
    expect(shown.locator("p")).to_have_text("He was very tired.")
    expect(page.get_by_label("Headache")).to_be_hidden()
    expect(page.locator("main > :first-child")).to_have_text(NOTICE)
    expect(page.locator("main > :first-child")).to_be_in_viewport()
    assert [(one.method, one.url.partition("/fhir/")[2]) for one in asked[1:]] == [
        ("POST", "r4/QuestionnaireResponse/$extract")
    ]


def test_what_is_sent_once_is_kept_nowhere(page: Page, asked: list[Request], service: Service) -> None:
    page.goto(f"{DIARY}#subject=Patient/child-4711")
    assert page.url.endswith(DIARY)  # the address does not hold whom it is about
    page.get_by_label("Headache").check()
    page.get_by_label("Side effects that are not listed").fill("unmistakable words")
    make_summary(page)
    posts = [one for one in asked if one.method == "POST"]
    assert len(posts) == 1
    headers = posts[0].all_headers()
    assert not {"cookie", "authorization", "referer"} & set(headers)
    answer = posts[0].response()
    assert answer is not None and answer.header_value("Cache-Control") == "no-store"
    assert page.evaluate(STORED) == [0, 0, "", 0, 0]
    assert "child-4711" not in service.output() and "unmistakable" not in service.output()
    page.reload()
    expect(page.get_by_label("Headache")).not_to_be_checked()
    expect(page.get_by_label("Side effects that are not listed")).to_have_value("")
    expect(page.get_by_text("child-4711")).to_be_hidden()


def test_a_portal_that_gives_a_subject_gets_adverse_events(page: Page, tmp_path: Path) -> None:
    page.goto(f"{DIARY}#subject=Patient/123")
    expect(page.get_by_text("says whom this is about: Patient/123")).to_be_visible()
    page.get_by_label("Headache").check()
    page.get_by_label("Side effects that are not listed").fill("Tired")
    make_summary(page)
    bundle = saved(page, tmp_path)
    assert kinds(bundle) == ["QuestionnaireResponse", "AdverseEvent", "AdverseEvent"]
    assert [entry["resource"]["subject"]["reference"] for entry in bundle["entry"]] == ["Patient/123"] * 3
    assert validator(R4).validate(bundle) == []


@pytest.mark.parametrize("fragment", ["", "#subject=Practitioner/7", "#subject=javascript:alert(1)"])
def test_without_a_subject_there_is_no_adverse_event(page: Page, tmp_path: Path, fragment: str) -> None:
    page.goto(DIARY + fragment)
    expect(page.get_by_text("names no record that this form can be about")).to_be_visible(
        visible=bool(fragment)
    )
    page.get_by_label("Headache").check()
    make_summary(page)
    bundle = saved(page, tmp_path)
    assert (bundle["type"], kinds(bundle)) == ("transaction", ["QuestionnaireResponse"])
    assert "subject" not in bundle["entry"][0]["resource"]
    assert validator(R4).validate(bundle) == []


def test_the_answers_about_one_child_never_go_to_another(page: Page) -> None:
    page.goto(f"{DIARY}#subject=Patient/1")
    page.get_by_label("Headache").check()
    page.goto(f"{DIARY}#subject=Patient/2")
    expect(page.get_by_text("says whom this is about: Patient/2")).to_be_visible()
    expect(page.get_by_label("Headache")).not_to_be_checked()


def test_clearing_takes_everything_away(page: Page) -> None:
    page.goto(DIARY)
    page.get_by_label("Breathing problems").check()
    make_summary(page)
    page.get_by_role("button", name="Change the answers").click()
    expect(page.get_by_label("Breathing problems")).to_be_checked()
    page.get_by_role("button", name="Clear all").click()
    expect(page.get_by_label("Fever", exact=True)).to_be_focused()
    expect(page.get_by_label("Breathing problems")).not_to_be_checked()
    expect(page.get_by_role("alert").filter(has_text=NOTICE)).to_be_hidden()
    expect(page.locator("#answers")).to_be_empty()


def test_nothing_is_sent_when_nothing_is_ticked(page: Page, asked: list[Request]) -> None:
    page.goto(DIARY)
    page.get_by_role("button", name="Make the summary").click()
    expect(page.get_by_role("alert").filter(has_text="Nothing is ticked or written yet.")).to_be_visible()
    assert [one.method for one in asked] == ["GET"]


def test_a_failure_loses_no_answer(page: Page, watch: Watch) -> None:
    page.route(f"**{EXTRACT}", lambda route: route.fulfill(status=503, body=""))
    page.goto(DIARY)
    page.get_by_label("Headache").check()
    page.get_by_role("button", name="Make the summary").click()
    expect(page.get_by_text("Your answers are still here")).to_be_visible()
    expect(page.get_by_label("Headache")).to_be_checked()
    watch.expect_fault("got 503")


def test_it_is_filled_in_with_the_keyboard_alone(page: Page) -> None:
    page.goto(DIARY)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skips what stands above the page
    page.keyboard.press("Tab")
    expect(page.get_by_label("Fever", exact=True)).to_be_focused()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Make the summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#answers li:not(:has(ul))")).to_have_text("Fever")


@pytest.mark.parametrize("policy", [False], ids=["without-policy"])  # so that axe-core may run
@pytest.mark.parametrize("view", [view for view in VIEWS if view.width in (SMALL_PHONE, WIDE)], ids=str)
def test_the_repeated_notice_and_the_summary_break_no_rule_of_accessibility(page: Page) -> None:
    page.goto(f"{DIARY}#subject=Patient/123")
    page.get_by_label("Breathing problems").check()
    assert accessibility.violations(page) == []
    make_summary(page)
    assert accessibility.violations(page) == []


@pytest.mark.parametrize("prepare", [lambda page: None, make_summary], ids=["form", "summary"])
def test_what_is_printed_fits_on_one_sheet(page: Page, prepare: Callable[[Page], None]) -> None:
    page.goto(DIARY)
    page.get_by_label("Breathing problems").check()
    prepare(page)
    for paper in ("A4", "Letter"):
        assert page.pdf(format=paper).count(b"/Type /Page\n") == 1, paper
