"""A failure in the form that was asked for: a small XML, JSON or HTML body, never with the insides.

https://www.rfc-editor.org/rfc/rfc9110#section-15

    XML     <error status="400"><message>...</message></error>
    JSON    {"error": {"status": 400, "message": "..."}}, in JSONP as the argument of the call
    HTML    the error page of the other pages

A message names a parameter and what is allowed, never what was sent: that is about a patient.
"""

from __future__ import annotations

import json
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Response

from fhir_service.delivery.cache_control import NOT_KEPT
from fhir_service.delivery.doors import Doors
from fhir_service.delivery.failures import Failure, failure_of
from fhir_service.delivery.pages.failures import failure_page

from .feed_json import as_call
from .response_types import JSON, ResponseType


def failure(doors: Doors, error: Exception, kind: ResponseType, callback: str | None) -> Response:
    known = failure_of(error, is_personal=True)
    response = failure_page(doors, known) if kind.form == "html" else _body(known, kind, callback)
    response.headers["Cache-Control"] = NOT_KEPT
    return response


def _body(known: Failure, kind: ResponseType, callback: str | None) -> Response:
    document = {"error": {"status": known.status, "message": known.text}}
    if kind.form == "atom":
        body, content_type = _xml(known), "text/xml; charset=utf-8"
    elif kind.form == "jsonp" and callback:
        body, content_type = as_call(callback, document), kind.content_type
    else:
        body, content_type = json.dumps(document).encode(), JSON.content_type
    response = Response(body, known.status, content_type=content_type)
    response.headers.update(known.headers)
    return response


def _xml(known: Failure) -> bytes:
    root = Element("error", status=str(known.status))
    SubElement(root, "message").text = known.text
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body
