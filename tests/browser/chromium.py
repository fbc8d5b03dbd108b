"""Debian's Chromium, and a page in it that is watched.

https://playwright.dev/python/docs/api/class-browser
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.watch import Watch
from tests.requirements import require

# Debian's packages of one browser. The shell is Chromium without windows and menus, which nobody sees here:
# a page opens in it in a fifth of the time.
PROGRAMS = ("chromium-headless-shell", "chromium")
# It runs as root in CI, without a display, and asks nobody for anything of its own.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE = 10_000  # milliseconds: the machine may be busy, and a page that never comes should not hold it up

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)


@dataclass(frozen=True)
class View:
    """How a page is looked at: CSS pixels from side to side, and the colours the reader asked for."""

    width: int
    scheme: Scheme = "light"

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"


SMALL_PHONE, PHONE, WIDE = 320, 390, 1280
VIEWS = tuple(View(width, scheme) for width in (SMALL_PHONE, PHONE, WIDE) for scheme in SCHEMES)
HEIGHT = 800


@contextmanager
def running_chromium() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        require(PROGRAMS[0], install=f"apt install {PROGRAMS[0]} fonts-dejavu-core")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: Browser, origin: str, view: View, *, scripts: bool = True, policy: bool = True
) -> Iterator[tuple[Page, Watch]]:
    """A page that nothing was shown in yet, in a profile of its own; relative URLs are the origin's.

    With `policy` off, Chromium ignores the Content-Security-Policy of what it shows.
    """
    context = browser.new_context(
        base_url=origin,
        viewport={"width": view.width, "height": HEIGHT},
        color_scheme=view.scheme,
        java_script_enabled=scripts,
        service_workers="block",  # what one asks for would pass the watch by
        bypass_csp=not policy,
        locale="en-US",
    )
    context.set_default_timeout(PATIENCE)
    watch = Watch(origin)
    watch.over(context)
    yield context.new_page(), watch
    context.close()
