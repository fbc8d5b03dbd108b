"""The FHIR base URLs: `/fhir/r4`, `/fhir/r4b`, `/fhir/r5`, and `/fhir`, where Accept chooses the release.

https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

from flask import Blueprint, Response, g, request

from fhir_service import exchange
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cors import add_cors, add_preflight, is_preflight
from fhir_service.delivery.fhir.negotiation import (
    default_representation,
    flag,
    is_lenient,
    negotiate,
    require_form,
    single,
)
from fhir_service.delivery.fhir.rendering import render
from fhir_service.dispatch import allowed_methods, dispatch, find
from fhir_service.errors import Invalid, NotAcceptable
from fhir_service.exchange import Pairs, Services
from fhir_service.releases import RELEASES

PREFIX = "/fhir"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_PRESENTATION = ("_format", "_pretty")
_MOST_PARAMETERS = 500


def create_blueprint(services: Services) -> Blueprint:
    """Every FHIR URL of the service; what a path means is decided by `dispatch`, not here."""
    blueprint = Blueprint("fhir", __name__)

    def answer(rest: str = "") -> Response:
        releases, path, base_path = _split(rest)
        g.representation = default_representation(RELEASES[releases[0]])
        if request.method == "OPTIONS":
            return _options(path, releases)
        pairs = _query(request.query_string)
        if request.method == "POST" and path.endswith("/_search"):
            headers = request.headers
            require_form(headers.get("Content-Type", ""), headers.get("Content-Encoding", ""))
            pairs += _query(request.get_data(cache=False))
        g.pretty = flag("_pretty", _values(pairs, "_pretty"))
        accept = request.headers.get("Accept", "")
        raw = _may_be_raw(path, accept, pairs)
        try:
            g.representation = negotiate(accept, single("_format", _values(pairs, "_format")), releases)
        except NotAcceptable:
            if not raw:
                raise
        asked = exchange.Request(
            release=g.representation.release,
            base=base_url(request, services.settings) + base_path,
            method="GET" if request.method == "HEAD" else request.method,
            path=path,
            parameters=tuple(pair for pair in pairs if pair[0] not in _PRESENTATION),
            presentation=tuple(pair for pair in pairs if pair[0] in _PRESENTATION),
            lenient=is_lenient(request.headers.get("Prefer", ""), services.settings.search_handling),
            raw=raw,
        )
        return render(dispatch(asked, services), g.representation, g.pretty, request)

    def finish(response: Response) -> Response:
        add_cors(response, request, services.settings)
        return response

    for rule in (PREFIX, f"{PREFIX}/", f"{PREFIX}/<path:rest>"):
        blueprint.add_url_rule(
            rule, view_func=answer, methods=_METHODS, provide_automatic_options=False, strict_slashes=False
        )
    blueprint.after_request(finish)
    return blueprint


def _split(rest: str) -> tuple[tuple[str, ...], str, str]:
    """The releases that may answer (the default first), the path below the base, and the base's own path."""
    first, _, below = rest.partition("/")
    if first in RELEASES:
        return (first,), below.removesuffix("/"), f"{PREFIX}/{first}"
    return tuple(RELEASES), rest.removesuffix("/"), PREFIX


def _query(raw: bytes) -> Pairs:
    """The decoded pairs of a query string or form, in order, empty values kept."""
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError as error:  # of which UnicodeDecodeError is one
        raise Invalid(f"The parameters cannot be read: {error}.", issue_code="structure") from None
    for name, value in pairs:
        if "\0" in name + value:
            raise Invalid(f"The parameter `{name}` holds a NUL character.", issue_code="value")
    return tuple(pairs)


def _values(pairs: Pairs, name: str) -> Sequence[str]:
    return [value for key, value in pairs if key == name]


def _may_be_raw(path: str, accept: str, pairs: Pairs) -> bool:
    """Whether this may be a Binary's own content: then Accept need not name what is offered.

    https://hl7.org/fhir/R4/binary.html#rest: any Accept but a FHIR type gets the content with its own type.
    """
    return path.startswith("Binary/") and "/fhir+" not in accept.lower() and not _values(pairs, "_format")


def _options(path: str, releases: tuple[str, ...]) -> Response:
    """What may be asked of a path. A preflight is always granted: a page must see the failure."""
    methods = allowed_methods(path)
    response = Response(status=204)
    del response.headers["Content-Type"]
    if is_preflight(request):
        add_preflight(response, methods or ("GET", "HEAD", "OPTIONS"))
    elif not methods:
        find(exchange.Request(release=RELEASES[releases[0]], base="", method="OPTIONS", path=path))
    response.headers["Allow"] = ", ".join(methods)
    return response
