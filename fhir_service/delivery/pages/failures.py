"""A failure at the address of a page, as a page: what is wrong, what is allowed, and where to go on.

https://www.rfc-editor.org/rfc/rfc9110#section-15
"""

from __future__ import annotations

import re

from flask import Response, request
from markupsafe import Markup, escape

from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import NOT_KEPT
from fhir_service.delivery.doors import Doors
from fhir_service.delivery.failures import Failure
from fhir_service.delivery.pages.rendering import html_page
from fhir_service.errors import ServiceError

_TITLES = {
    400: "This address cannot be read",
    404: "There is no such page",
    405: "A page can only be read",
    410: "This page is no longer offered",
}
_OTHER = "The page cannot be shown"
_CODE = re.compile("`([^`]*)`")


def failure_page(doors: Doors, failure: Failure) -> Response:
    """In English, since nobody knows yet in which language a page would have been."""
    response = html_page(
        doors,
        "error.html",
        language="en",
        status=failure.status,
        base=_base(doors),
        title=_TITLES.get(failure.status, _OTHER),
        told=_marked(failure.text),
    )
    response.headers.update(failure.headers)
    response.headers["Cache-Control"] = NOT_KEPT
    return response


def _marked(text: str) -> Markup:
    """What a message sets in backticks, as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def _base(doors: Doors) -> str:
    """For a host that is not believed, links without a host."""
    try:
        return base_url(request.environ, doors.settings)
    except ServiceError:
        return ""
