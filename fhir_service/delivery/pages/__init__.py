"""The web pages: what a patient or parent reads, alone or embedded in a portal.

https://www.w3.org/TR/WCAG22/ and https://html.spec.whatwg.org/

    GET /                                    the topics
    GET /topics/{slug}                       the education page
    GET /topics/{slug}/v/{version}           what that version said, for good

Parameters: `lang`, `section`, `theme`. A failure at these addresses is a page too. No page sets a cookie,
needs a script, or asks anybody else for anything.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from fhir_service.delivery.cors import add_preflight, is_preflight
from fhir_service.delivery.doors import Doors
from fhir_service.delivery.pages.failures import failure_page
from fhir_service.delivery.pages.index_page import index_page
from fhir_service.delivery.pages.parameters import Asked, read_asked
from fhir_service.delivery.pages.topic_page import topic_page
from fhir_service.errors import MethodNotAllowed, NotFound
from fhir_service.topics import BuiltTopic

_METHODS = ("GET", "HEAD", "OPTIONS")
_REFUSED = ("POST", "PUT", "PATCH", "DELETE")


def create_blueprint(doors: Doors) -> Blueprint:
    """Every address of a page; which page it is, the path says."""
    blueprint = Blueprint("pages", __name__, template_folder="templates")

    def answer(rest: str = "") -> Response:
        if request.method not in _METHODS:
            raise MethodNotAllowed("Allowed here are GET and HEAD: a page can only be read.", _METHODS)
        if request.method == "OPTIONS":
            return _options()
        asked = read_asked(request.args)
        if not rest:
            return index_page(doors, asked)
        return _topic(rest.split("/"), asked)

    def _topic(path: list[str], asked: Asked) -> Response:
        match path:
            case [slug]:
                return topic_page(doors, find_topic(doors, slug), asked)
        raise NotFound("There is nothing at this address.")

    for rule in ("/", "/topics", "/topics/", "/topics/<path:rest>"):
        blueprint.add_url_rule(
            rule,
            view_func=answer,
            methods=(*_METHODS, *_REFUSED),
            provide_automatic_options=False,
            strict_slashes=False,
        )
    blueprint.register_error_handler(Exception, lambda error: failure_page(doors, error))
    return blueprint


def find_topic(doors: Doors, slug: str) -> BuiltTopic:
    """The topic of an address; NotFound names those there are."""
    topics = doors.topics.by_slug
    if slug not in topics:
        raise NotFound(f"There is no topic `{slug}`; there are: {', '.join(topics) or 'none'}.")
    return topics[slug]


def _options() -> Response:
    response = Response(status=204, headers={"Allow": ", ".join(_METHODS)})
    if is_preflight(request):
        add_preflight(response, _METHODS)
    return response
