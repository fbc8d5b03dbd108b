"""What a portal does with the page: frame it, give the frame its height, and fetch what is behind it."""

from __future__ import annotations

import html
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.watch import Watch
from tests.checkout import PROJECT
from tests.serving import Service

# Another site than 127.0.0.1, and one that Chromium lets ask for the permission to reach this machine.
PORTAL = "http://localhost:1"
EMBED = "/embed/ivig-itp"
SCRIPT = "/embed/education-height-1.js"
LOW = "40px"


def show_portal(page: Page, body: str) -> None:
    """Show a page of another site with this body; nobody answers there but the test."""
    document = f'<!DOCTYPE html><html lang="en"><title>Portal</title><body>{body}</body></html>'
    page.route(PORTAL + "/", lambda route: route.fulfill(body=document, content_type="text/html"))
    page.context.grant_permissions(["local-network-access"], origin=PORTAL)
    page.goto(PORTAL + "/")


def frame(service: Service, query: str = "", attributes: str = "") -> str:
    """The embed as docs/embedding.md has it, but so low that its height must be told."""
    source = f'src="{service.url}{EMBED}{query}" title="IVIG" style="border:0;height:{LOW}"'
    return f"<iframe {source} data-education {attributes}></iframe>"


def height(page: Page) -> float:
    box = page.locator("iframe[data-education]").bounding_box()
    assert box
    return box["height"]


def content_height(page: Page) -> float:
    return float(page.frames[1].evaluate("document.documentElement.getBoundingClientRect().height"))


def documented_script(service: Service) -> str:
    """The element that docs/embedding.md tells a portal to put beside its frames, for this address."""
    element: str
    (element,) = re.findall(
        r"<script src=.*?</script>", (PROJECT / "docs/embedding.md").read_text(), re.DOTALL
    )
    assert "integrity=" in element
    return element.replace("https://education.test", service.url)


@pytest.mark.parametrize("attributes", ["", 'sandbox=""', 'sandbox="allow-scripts"'])
def test_the_embed_is_read_in_a_frame(page: Page, service: Service, watch: Watch, attributes: str) -> None:
    show_portal(page, frame(service, attributes=attributes))
    embed = page.frame_locator("iframe")
    expect(embed.get_by_role("heading", level=1)).to_have_text("IVIG Treatment for ITP")
    expect(embed.get_by_text("does not replace your care team")).to_be_visible()
    if attributes == 'sandbox=""':
        watch.expect_fault("'allow-scripts' permission is not set")


@pytest.mark.parametrize("attributes", ["", 'sandbox="allow-scripts"'])
def test_the_documented_script_gives_the_frame_its_height(
    page: Page, service: Service, attributes: str
) -> None:
    show_portal(page, frame(service, attributes=attributes) + documented_script(service))
    expect(page.locator("iframe")).not_to_have_css("height", LOW)
    assert height(page) == pytest.approx(content_height(page), abs=1)
    narrow = height(page)
    page.locator("iframe").evaluate("one => { one.style.width = '800px' }")
    page.wait_for_function("narrow => document.querySelector('iframe').offsetHeight < narrow", arg=narrow)
    assert height(page) == pytest.approx(content_height(page), abs=1)


def test_the_script_works_from_the_portals_own_server(page: Page, service: Service) -> None:
    script = service.get(SCRIPT).text
    page.route(
        PORTAL + "/height.js", lambda route: route.fulfill(body=script, content_type="text/javascript")
    )
    show_portal(page, '<script src="/height.js"></script>' + frame(service))
    expect(page.locator("iframe")).not_to_have_css("height", LOW)


def test_each_frame_gets_the_height_of_its_own_content(page: Page, service: Service) -> None:
    whole, part = frame(service), frame(service, "?section=key-points")
    show_portal(page, whole + part + documented_script(service))
    frames = page.locator("iframe")
    for number in range(2):
        expect(frames.nth(number)).not_to_have_css("height", LOW)
    higher, lower = (frames.nth(number).bounding_box() for number in range(2))
    assert higher and lower and higher["height"] > 2 * lower["height"]


FORGED = "{type: 'education-height', slug: 'ivig-itp', height: 7777}"
FORGER = f"<script>parent.postMessage({FORGED}, '*')</script>"
HEARD = "<script>window.heard = []; addEventListener('message', one => heard.push(one.data.height))</script>"


def test_a_height_that_another_page_tells_is_not_believed(page: Page, service: Service) -> None:
    """The portal's page itself, another frame, and a page that took the embed's place in its frame."""
    other = f'<iframe title="other" srcdoc="{html.escape(FORGER)}"></iframe>'
    show_portal(page, HEARD + documented_script(service) + frame(service) + other)
    page.evaluate(f"postMessage({FORGED}, '*')")
    page.wait_for_function(
        "heard.filter(one => one === 7777).length === 2 && heard.some(one => one !== 7777)"
    )
    assert height(page) == pytest.approx(content_height(page), abs=1)
    page.route(PORTAL + "/forger", lambda route: route.fulfill(body=FORGER, content_type="text/html"))
    page.locator("iframe[data-education]").evaluate("one => { one.contentWindow.location = '/forger' }")
    page.wait_for_function("heard.filter(one => one === 7777).length === 3")
    assert height(page) != 7777


def test_no_other_page_is_framed_by_another_site(page: Page, service: Service, watch: Watch) -> None:
    show_portal(page, f'<iframe src="{service.url}/topics/ivig-itp" title="IVIG"></iframe>')
    expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_have_count(0)
    watch.expect_fault("frame-ancestors")


def test_a_section_and_a_theme_can_be_asked_for(page: Page, service: Service) -> None:
    show_portal(page, frame(service, "?section=side-effects&theme=dark"))
    embed = page.frame_locator("iframe")
    expect(embed.get_by_role("heading", name="Side effects of IVIG")).to_be_visible()
    expect(embed.get_by_role("heading", name="How IVIG works")).to_have_count(0)
    expect(embed.locator("body")).to_have_css("background-color", re.compile(r"rgb\((\d|[1-3]\d), .*\)"))


@pytest.mark.parametrize("path", ["/fhir/r4/Composition/ivig-itp-education-en", EMBED])
def test_a_portals_script_may_read_it(page: Page, service: Service, path: str) -> None:
    show_portal(page, "")
    read = "async url => (await (await fetch(url)).text()).includes('IVIG Treatment for ITP')"
    assert page.evaluate(read, service.url + path)
