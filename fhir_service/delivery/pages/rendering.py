"""The last step of every page: a template, and the headers that keep it safe.

https://www.w3.org/TR/CSP3/

A page asks for nothing but itself: its styles stand in it, and only these very bytes are allowed (by hash).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Response, render_template, request

from fhir_service.content.page import STYLE, source_hash
from fhir_service.delivery.doors import Doors

PAGE_STYLE = STYLE + "\n" + Path(__file__).with_name("pages.css").read_text(encoding="utf-8").strip()
"""Of every page that `base.html` makes; a template of its own may add to it."""

ICON = (
    "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2016%2016'%3E"
    "%3Crect%20width='16'%20height='16'%20rx='4'%20fill='%230a6068'/%3E"
    "%3Cpath%20d='M4%205h8M4%208h8M4%2011h5'%20stroke='%23fff'%20stroke-width='1.5'/%3E%3C/svg%3E"
)

_NO_FEATURES = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def html_page(
    doors: Doors,
    template: str,
    *,
    language: str,
    status: int = 200,
    theme: str = "auto",
    style: str = "",
    scripts: Sequence[str] = (),
    policy: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A template that extends `base.html` as an answer.

    :param language: of all its words
    :param style: CSS besides that of every page
    :param scripts: each stands at the end of the page
    :param policy: directives of the Content-Security-Policy that differ from those of a page that is read
    """
    publisher = doors.topics.publisher
    whole_style = PAGE_STYLE + ("\n" + style if style else "")
    html = render_template(
        template,
        language=language,
        theme=theme,
        style=whole_style,
        scripts=scripts,
        icon=ICON,
        words=publisher.words(language),
        notices=publisher.notice(language),
        **values,
    )
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Language"] = language
    return finished(doors, response, source_hash(whole_style), scripts, policy)


def finished(
    doors: Doors,
    response: Response,
    style: str,
    scripts: Iterable[str] = (),
    policy: Mapping[str, str] | None = None,
) -> Response:
    """With the headers of every page.

    :param style: the hash of its style
    """
    changed = {**(policy or {}), **_framing(response, doors)}
    response.headers["Content-Security-Policy"] = content_policy(style, scripts, changed)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Permissions-Policy"] = _NO_FEATURES
    return response


def _framing(response: Response, doors: Doors) -> dict[str, str]:
    """Other sites may frame what is below /embed, and see its failures."""
    if not request.path.startswith("/embed/"):
        return {}
    # A host that isolates itself frames only what says that it may be.
    response.headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    ancestors = doors.settings.frame_ancestors
    # `*` would leave out the apps whose pages have a scheme of their own; no directive leaves out nobody.
    return {"frame-ancestors": "" if ancestors == ("*",) else " ".join(ancestors)}


def content_policy(style: str, scripts: Iterable[str], changed: Mapping[str, str]) -> str:
    """Nothing is allowed but what stands in the page; a directive that is changed to nothing is left out."""
    directives = {
        "default-src": "'none'",
        "style-src": f"'{style}'",
        "script-src": " ".join(f"'{source_hash(script)}'" for script in scripts),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in {**directives, **changed}.items() if value)
