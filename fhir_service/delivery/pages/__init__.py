"""The web pages: what a patient or parent reads, alone or embedded in a portal.

https://www.w3.org/TR/WCAG22/ and https://html.spec.whatwg.org/

    GET /                                    the topics
    GET /integrate                           each door, with requests for those who build portals
    GET /topics/{slug}                       the education page
    GET /topics/{slug}/v/{version}           what that version said, for good
    GET /topics/{slug}/diary                 the side effects as a form to take to the doctor or nurse
    GET /topics/feed                         what has changed, as Atom
    GET /embed/{slug}                        the education page for a frame
    GET /embed/education-height-1.js         for the page around it: docs/embedding.md

Parameters: `lang`, `section`, `theme`. A failure at these addresses is a page too. No page sets a cookie,
needs a script, or asks anybody else for anything.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, request

from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cors import add_cors, answer_options
from fhir_service.delivery.doors import Doors
from fhir_service.delivery.failures import failure_of
from fhir_service.delivery.mounting import below, mount
from fhir_service.delivery.pages.diary_page import diary_page
from fhir_service.delivery.pages.failures import failure_page
from fhir_service.delivery.pages.feed import feed
from fhir_service.delivery.pages.host_script import HOST_SCRIPT, host_script
from fhir_service.delivery.pages.index_page import index_page
from fhir_service.delivery.pages.integrators_page import PATH as INTEGRATE
from fhir_service.delivery.pages.integrators_page import integrators_page
from fhir_service.delivery.pages.parameters import Asked, find_topic, read_asked
from fhir_service.delivery.pages.topic_page import embed_page, topic_page
from fhir_service.delivery.pages.version_page import version_page
from fhir_service.errors import MethodNotAllowed, NotFound

_METHODS = ("GET", "HEAD", "OPTIONS")


def create_blueprint(doors: Doors) -> Blueprint:
    """Every address of a page; which page it is, the path says."""
    blueprint = Blueprint("pages", __name__, template_folder="templates")

    def answer(**_: str) -> Response:
        if request.method not in _METHODS:
            raise MethodNotAllowed("Allowed here are GET and HEAD: a page can only be read.", _METHODS)
        if request.method == "OPTIONS":
            return answer_options(request, _METHODS)
        if request.path.endswith("/") and request.path != "/":  # links of a version's page are relative
            return Response(status=308, headers={"Location": _without_slash(doors)})
        return _page_at(request.path.strip("/").split("/"), read_asked(request.args))

    def _page_at(path: list[str], asked: Asked) -> Response:
        topics = doors.topics.by_slug
        match path:
            case [""] | ["topics"]:
                return index_page(doors, asked)
            case ["integrate"]:
                return integrators_page(doors, asked)
            case ["topics", "feed"]:
                return feed(doors)
            case ["topics", slug]:
                return topic_page(doors, find_topic(topics, slug), asked)
            case ["topics", slug, "v", version]:
                return version_page(doors, find_topic(topics, slug), version, asked)
            case ["topics", slug, "diary"]:
                return diary_page(doors, find_topic(topics, slug), asked)
            case ["embed", file] if file == HOST_SCRIPT:
                return host_script()
            case ["embed", slug]:
                return embed_page(doors, find_topic(topics, slug), asked)
        raise NotFound("There is nothing at this address.")

    mount(blueprint, answer, "/", INTEGRATE, *below("/topics"), *below("/embed"))

    def finish(response: Response) -> Response:
        add_cors(response, request, doors.settings)
        return response

    blueprint.register_error_handler(Exception, lambda error: failure_page(doors, failure_of(error)))
    blueprint.after_request(finish)
    return blueprint


def _without_slash(doors: Doors) -> str:
    query = request.query_string.decode("ascii", "replace")
    path = quote(request.path.rstrip("/"))
    return f"{base_url(request.environ, doors.settings)}{path}{'?' + query if query else ''}"
