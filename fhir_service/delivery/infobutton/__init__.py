"""Infobutton: what an EHR asks about a code or words, answered with the topics about them.

https://www.hl7.org/implement/standards/product_brief.cfm?product_id=208 (URL-based, Release 4)

    /infobutton/service        data; Atom unless `knowledgeResponseType` asks for another form
    /infobutton/application    the page, whatever type is asked for
    /infobutton                the type that is asked for, or else a page for browsers and Atom for others

All take the same parameters, by GET and as the form of a POST; what is unknown is ignored, as the
specification says. The answer depends on what the parameters mean, never on how they are written. They are
about a patient: no log, no metric and no cache holds them, and a failure does not repeat them.
"""

from __future__ import annotations

import hashlib
import re

from flask import Blueprint, Response, g, request

from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import NOT_KEPT, if_changed
from fhir_service.delivery.cors import add_cors, answer_options
from fhir_service.delivery.doors import Doors, name_content
from fhir_service.delivery.fhir.negotiation import require_form, require_plain
from fhir_service.delivery.mounting import below, mount
from fhir_service.delivery.wsgi import body_of
from fhir_service.errors import Invalid, MethodNotAllowed, NotFound, UnsupportedMediaType
from fhir_service.exchange import Pairs
from fhir_service.fhir.query_string import read_pairs
from fhir_service.version import VERSION

from .atom import to_atom
from .failures import failure
from .feed import Feed, Shown, feed_of
from .feed_json import to_json, to_jsonp
from .knowledge_request import KnowledgeRequest, is_function, normalised, read_request
from .pages import page_of
from .parameters import CALLBACK, RESPONSE_TYPE
from .response_types import ATOM, HTML, ResponseType, preferred, response_type

PREFIX = "/infobutton"
SERVICE = "service"
APPLICATION = "application"

_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_LARGEST_FORM = 100_000
_ONE_HOUR = "public, max-age=3600"
_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def create_blueprint(doors: Doors) -> Blueprint:
    """Every URL below /infobutton."""
    blueprint = Blueprint("infobutton", __name__, template_folder="templates")

    def answer(rest: str = "") -> Response:
        door = rest.removesuffix("/")
        g.response_type = _default(door)
        if door not in ("", SERVICE, APPLICATION):
            raise NotFound(f"There is nothing here; there are {PREFIX}/{SERVICE} and {PREFIX}/{APPLICATION}.")
        if request.method not in _METHODS:
            raise MethodNotAllowed(f"Allowed here are {', '.join(_METHODS)}.", _METHODS)
        if request.method == "OPTIONS":
            return answer_options(request, _METHODS)
        pairs = _pairs()
        g.response_type, g.callback = _asked_type(door, pairs), _asked_callback(pairs)
        asked = read_request(pairs)
        kind: ResponseType = HTML if door == APPLICATION else asked.response_type or g.response_type
        response = _answer(doors, asked, kind)
        if not door and asked.response_type is None:
            response.vary.add("Accept")
        if request.method == "POST":
            response.headers.pop("ETag", None)
            response.headers["Cache-Control"] = NOT_KEPT
        return response

    def failed(error: Exception) -> Response:
        return failure(doors, error, g.get("response_type", ATOM), g.get("callback"))

    def finish(response: Response) -> Response:
        response.headers["Referrer-Policy"] = "no-referrer"  # the query is about a patient
        add_cors(response, request, doors.settings)
        return response

    mount(blueprint, answer, *below(PREFIX))
    blueprint.register_error_handler(Exception, failed)
    blueprint.after_request(finish)
    return blueprint


def _answer(doors: Doors, asked: KnowledgeRequest, kind: ResponseType) -> Response:
    shown = _shown(doors, asked)
    if kind.form == "html":
        return page_of(doors, asked, shown)
    base = base_url(request.environ, doors.settings)
    response = Response(content_type=kind.content_type)
    response.set_etag(_etag(asked, kind, shown, base, doors))
    response.headers["Cache-Control"] = _ONE_HOUR
    if asked.context.language is None:
        response.vary.add("Accept-Language")
    name_content(response, [one.built for one in shown])
    if request.method != "POST":
        if_changed(response)
    if response.status_code != 304:
        feed = feed_of(asked, shown, doors.topics.publisher, base)
        response.data = _written(feed, kind, asked.callback)
    return response


def _shown(doors: Doors, asked: KnowledgeRequest) -> list[Shown]:
    """Each topic that fits, once, in the language that suits who asks."""
    hits = doors.finder.find(asked.context)
    found = [(doors.topics.by_slug[hit.slug], hit) for hit in hits]
    return [Shown(built, hit, doors.choice(built.topic, asked.context.language)) for built, hit in found]


def _written(feed: Feed, kind: ResponseType, callback: str | None) -> bytes:
    if kind.form == "atom":
        return to_atom(feed)
    return to_jsonp(feed, callback) if callback else to_json(feed)


def _etag(asked: KnowledgeRequest, kind: ResponseType, shown: list[Shown], base: str, doors: Doors) -> str:
    """Of everything that the bytes of a feed depend on, before they are written."""
    parts = [VERSION, base, kind.media_type, normalised(asked), doors.topics.publisher.released]
    for one in shown:
        parts += [one.built.content_hash, one.choice.text.language, one.hit.section or ""]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


# --- reading the request --------------------------------------------------------------------------------


def _default(door: str) -> ResponseType:
    if door == SERVICE:
        return ATOM
    return HTML if door == APPLICATION else preferred(request.accept_mimetypes)


def _asked_type(door: str, pairs: Pairs) -> ResponseType:
    """The form of a failure, before it is known whether the parameters are good."""
    asked = [value for name, value in pairs if name == RESPONSE_TYPE and value]
    if door == APPLICATION or len(asked) != 1:
        return _default(door)
    try:
        return response_type(asked[0])
    except UnsupportedMediaType:
        return _default(door)


def _asked_callback(pairs: Pairs) -> str | None:
    asked = [value for name, value in pairs if name == CALLBACK]
    return asked[0] if len(asked) == 1 and is_function(asked[0]) else None


def _pairs() -> Pairs:
    """The parameters of the URL, and of the form of a POST."""
    pairs = _decoded(request.query_string)
    if request.method != "POST":
        return pairs
    require_plain(request.headers.get("Content-Encoding", ""))
    form = body_of(request.environ, _LARGEST_FORM)
    if form or "Content-Type" in request.headers:  # without a form all may stand in the URL
        require_form(request.headers.get("Content-Type", ""))
    return pairs + _decoded(form)


def _decoded(text: bytes) -> Pairs:
    """Names and values; a failure repeats neither."""
    if _BROKEN.search(text):
        raise Invalid("A `%` in the parameters is not followed by two hexadecimal digits; write it as %25.")
    if b"%00" in text or b"\0" in text:
        raise Invalid("The parameters hold a NUL character.", issue_code="value")
    try:
        return read_pairs(text.decode())
    except UnicodeDecodeError:
        raise Invalid("The parameters are not in UTF-8.", issue_code="structure") from None
