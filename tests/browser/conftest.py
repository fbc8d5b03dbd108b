"""The browser, the running service and its pages, once for each worker; a fresh page for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import PHONE, View, opened, running_chromium
from tests.browser.pages import Pages, find_pages
from tests.browser.service import running_service
from tests.browser.watch import Watch
from tests.serving import Service


# Of the package, not of the session: while it runs, no other test of the worker can run an event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.fixture(scope="package")
def pages(service: Service) -> Pages:
    return find_pages(service.url)


@pytest.fixture
def view() -> View:
    """How `page` is looked at, unless a test is parametrised by `view`."""
    return View(PHONE)


@pytest.fixture
def scripts() -> bool:
    """Whether `page` runs scripts, unless a test is parametrised by `scripts`."""
    return True


@pytest.fixture
def policy() -> bool:
    """Whether `page` keeps the Content-Security-Policy it is sent, unless parametrised by `policy`."""
    return True


@pytest.fixture
def opened_page(
    browser: Browser, service: Service, view: View, scripts: bool, policy: bool
) -> Iterator[tuple[Page, Watch]]:
    with opened(browser, service.url, view, scripts=scripts, policy=policy) as page_and_watch:
        yield page_and_watch
        faults = page_and_watch[1].faults
    assert faults == []


@pytest.fixture
def page(opened_page: tuple[Page, Watch]) -> Page:
    """A page that nothing was shown in yet: `page.goto("/topics/...")`. What it does wrong fails the test."""
    return opened_page[0]


@pytest.fixture
def watch(opened_page: tuple[Page, Watch]) -> Watch:
    """What `page` did so far: its faults, and the answers it got."""
    return opened_page[1]
