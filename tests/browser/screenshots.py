"""Pictures of pages, for people to look at: wide and narrow, light and dark, and how many sheets print.

    python -m tests.browser.screenshots                             every page of the service in this folder
    python -m tests.browser.screenshots --out var/portal http://... pages of a server that runs already
    python -m tests.browser.screenshots /topics/ivig-itp            some of this folder's service

Each page's files are named, with what the checks find wrong with it.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser

from tests.browser import accessibility
from tests.browser.chromium import VIEWS, WIDE, View, opened, running_chromium
from tests.browser.pages import find_pages
from tests.browser.paper import PAPERS, printed, sheets
from tests.browser.service import running_service
from tests.checkout import PROJECT


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("urls", nargs="*", metavar="URL", help="paths, or absolute URLs of one server")
    parser.add_argument(
        "--out", type=Path, default=PROJECT / "var" / "screenshots", help="default: %(default)s"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with running_chromium() as browser, served(options.urls) as origin:
        paths = [one.removeprefix(origin) for one in options.urls] or list(find_pages(origin).html)
        for path in paths:
            print(path)
            for line in shoot(browser, origin, path, options.out):
                print(f"  {line}")


@contextmanager
def served(urls: list[str]) -> Iterator[str]:
    """The origin of the absolute URLs, or that of the service, started for this."""
    if urls and "://" in urls[0]:
        scheme, host, *_ = urlsplit(urls[0])
        yield f"{scheme}://{host}"
        return
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder)) as service:
        yield service.url


def shoot(browser: Browser, origin: str, path: str, folder: Path) -> Iterator[str]:
    """Write the page's pictures and prints, and say what was written and seen."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", path).strip("-") or "home"
    for view in VIEWS:
        with opened(browser, origin, view, policy=False) as (page, watch):
            page.goto(path, wait_until="networkidle")
            file = folder / f"{name}-{view}.png"
            page.screenshot(path=file, full_page=True)
            yield str(file)
            yield from (f"  {line}" for line in (*accessibility.violations(page), *watch.faults))
    with opened(browser, origin, View(WIDE), policy=False) as (page, _):
        page.goto(path, wait_until="networkidle")
        for paper in PAPERS:
            file = folder / f"{name}-{paper}.pdf"
            file.write_bytes(printed(page, paper))
            yield f"{file}: {sheets(file.read_bytes())} sheets"


if __name__ == "__main__":
    main()
