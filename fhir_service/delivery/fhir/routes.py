"""The FHIR base URLs: `/fhir/r4`, `/fhir/r4b`, `/fhir/r5`, and `/fhir`, where Accept chooses the release.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, g, request
from flask.globals import request_ctx
from werkzeug.datastructures import Headers

from fhir_service import exchange
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import NOT_KEPT
from fhir_service.delivery.cors import add_cors, add_preflight, is_preflight
from fhir_service.delivery.doors import name_content
from fhir_service.delivery.fhir.negotiation import (
    default_representation,
    flag,
    is_asynchronous,
    is_lenient,
    negotiate,
    preferred_return,
    release_of_body,
    require_form,
    require_plain,
    single,
)
from fhir_service.delivery.fhir.rendering import render
from fhir_service.delivery.mounting import below, mount
from fhir_service.dispatch import check, dispatch, find
from fhir_service.errors import NotAcceptable
from fhir_service.exchange import Conditions, Content, Pairs, Services
from fhir_service.fhir.query_string import read_pairs
from fhir_service.releases import RELEASES
from fhir_service.topics import Topics

PREFIX = "/fhir"
_WITH_BODY = ("POST", "PUT", "PATCH")
_PRESENTATION = ("_format", "_pretty")
# A form is small, and so is a batch that only reads; what is written may be large.
_LARGEST_FORM = 1_000_000
LARGEST_BODY = 32_000_000
# Of a page of matches, so many are looked at for the topics that they are of.
_LOOKED_AT = 50


def create_blueprint(services: Services, topics: Topics) -> Blueprint:
    """Every FHIR URL of the service; what a path means is decided by `dispatch`, not here."""
    blueprint = Blueprint("fhir", __name__)

    def answer(rest: str = "") -> Response:
        # Looked up once: each look through Flask's proxies costs half a microsecond, and there are many.
        request, headers = request_ctx.request, request_ctx.request.headers
        offered, path, base_path = _split(rest)
        releases = offered
        representation = g.representation = default_representation(RELEASES[releases[0]])
        if request.method == "OPTIONS":
            return _options(path, releases, services)
        prefer = headers.get("Prefer", "")
        pairs = read_pairs(request.query_string.decode("utf-8", "surrogateescape"))
        content = None
        if request.method in _WITH_BODY:
            pairs, content = _body(path, pairs, services.settings.writes)
            releases = release_of_body(headers.get("Content-Type", ""), releases)
        pretty = g.pretty = flag("_pretty", _values(pairs, "_pretty"))
        accept = headers.get("Accept", "")
        raw = _may_be_raw(path, accept, pairs)
        try:
            asked_format = single("_format", _values(pairs, "_format"))
            representation = g.representation = negotiate(accept, asked_format, releases)
        except NotAcceptable:
            if not raw:
                raise
        asked = exchange.Request(
            release=representation.release,
            offers=tuple(RELEASES[name] for name in offered),
            base=base_url(request, services.settings) + base_path,
            method="GET" if request.method == "HEAD" else request.method,
            path=path,
            parameters=tuple(pair for pair in pairs if pair[0] not in _PRESENTATION),
            presentation=tuple(pair for pair in pairs if pair[0] in _PRESENTATION),
            lenient=is_lenient(prefer, services.settings.search_handling),
            raw=raw,
            content=content,
            conditions=_conditions(headers),
            is_asynchronous=is_asynchronous(prefer),
            returns=preferred_return(prefer),
            authorization=headers.get("Authorization", ""),
        )
        answered = dispatch(asked, services)
        response = render(answered, representation, pretty)
        if response.status_code == 200:
            _name_content(response, asked, answered, topics)
        return response

    def finish(response: Response) -> Response:
        add_cors(response, request_ctx.request, services.settings)
        if services.guard.reads == "token":  # what one client may read is nobody else's
            if response.headers.get("Cache-Control") != NOT_KEPT:
                response.headers["Cache-Control"] = "private, no-cache"
            response.vary.add("Authorization")
        return response

    mount(blueprint, answer, *below(PREFIX))
    blueprint.after_request(finish)
    return blueprint


def _name_content(
    response: Response, asked: exchange.Request, answered: exchange.Response, topics: Topics
) -> None:
    """A topic's own resources are of the same content as its page, and an answer of them says so likewise.

    A long page of matches is not looked through: what it costs would be seen.
    """
    type_name, _, logical_id = asked.path.partition("/")
    is_read = asked.method == "GET" and logical_id
    held = ((type_name, logical_id),) if is_read else answered.matches[:_LOOKED_AT]
    found = (topics.holding(asked.release.name, *one) for one in held)
    name_content(response, {built.slug: built for built in found if built}.values())


def _split(rest: str) -> tuple[tuple[str, ...], str, str]:
    """The releases that may answer (the default first), the path below the base, and the base's own path."""
    first, _, below = rest.partition("/")
    if first in RELEASES:
        return (first,), below.removesuffix("/"), f"{PREFIX}/{first}"
    return tuple(RELEASES), rest.removesuffix("/"), PREFIX


def _body(path: str, pairs: Pairs, writes: str) -> tuple[Pairs, Content | None]:
    """The pairs with those of a search's form, or the content of any other request."""
    headers = request.headers
    require_plain(headers.get("Content-Encoding", ""))
    if request.method == "POST" and path.rpartition("/")[2] == "_search":
        request.max_content_length = _LARGEST_FORM
        form = request.get_data(cache=False)
        if form or "Content-Type" in headers:  # without a form all may stand in the URL
            require_form(headers.get("Content-Type", ""))
        return pairs + read_pairs(form.decode("utf-8", "surrogateescape")), None
    request.max_content_length = _LARGEST_FORM if writes == "off" else LARGEST_BODY
    return pairs, Content(
        content_type=headers.get("Content-Type", ""),
        data=request.get_data(cache=False),
        security_context=headers.get("X-Security-Context", ""),
    )


def _conditions(headers: Headers) -> Conditions:
    return Conditions(
        if_match=headers.get("If-Match", ""),
        if_none_match=headers.get("If-None-Match", ""),
        if_modified_since=headers.get("If-Modified-Since", ""),
        if_none_exist=headers.get("If-None-Exist", ""),
    )


def _values(pairs: Pairs, name: str) -> Sequence[str]:
    return [value for key, value in pairs if key == name]


def _may_be_raw(path: str, accept: str, pairs: Pairs) -> bool:
    """Whether this may be no FHIR resource: then Accept need not name what is offered.

    https://hl7.org/fhir/R4/binary.html#rest: any Accept but a FHIR type gets the content with its own type.
    The files of an export are NDJSON, whatever is accepted.
    """
    if path.startswith("$export-"):
        return True
    return path.startswith("Binary/") and "/fhir+" not in accept.lower() and not _values(pairs, "_format")


def _options(path: str, releases: tuple[str, ...], services: Services) -> Response:
    """What may be asked of a path. A preflight is always granted: a page must see the failure."""
    methods = services.routes.methods(path)
    response = Response(status=204)
    del response.headers["Content-Type"]
    if is_preflight(request):
        add_preflight(response, methods or ("GET", "HEAD", "OPTIONS"))
    else:  # what GET would be told about the path
        method = methods[0] if methods else "OPTIONS"
        asked = exchange.Request(release=RELEASES[releases[0]], base="", method=method, path=path)
        interaction, asked = find(asked, services)
        check(asked, interaction, services)
    response.headers["Allow"] = ", ".join(methods)
    return response
