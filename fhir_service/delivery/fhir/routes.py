"""The FHIR door: a WSGI application that answers all that is below `/fhir`, and leaves the rest to another.

https://hl7.org/fhir/R4/http.html and https://peps.python.org/pep-3333/

What a path means is decided by `dispatch`, not here. Flask answers the other doors and not this one:
docs/decisions/2026-11-26-fhir-door-without-flask.md
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from fhir_service import exchange
from fhir_service.delivery.cache_control import NOT_KEPT
from fhir_service.delivery.cors import cors_headers, is_preflight, preflight_headers, varies_by_origin
from fhir_service.delivery.fhir.bases import base_of
from fhir_service.delivery.fhir.negotiation import DEFAULTS
from fhir_service.delivery.fhir.reading import Asked, read_request
from fhir_service.delivery.fhir.rendering import failure, render
from fhir_service.delivery.wsgi import Answer, Application, Environ, address_of, refuse_line_breaks, send
from fhir_service.dispatch import check, dispatch, find
from fhir_service.exchange import Services
from fhir_service.topics import CONTENT_HEADER, Topics, content_header

# Of a page of matches, so many are looked at for the topics that they are of.
_LOOKED_AT = 50


class FhirDoor:
    """A WSGI application around another.

    :param elsewhere: the addresses below `/fhir` that the other application answers
    """

    def __init__(
        self, application: Application, services: Services, topics: Topics, elsewhere: Collection[str]
    ) -> None:
        self._application = application
        self._services = services
        self._topics = topics
        self._elsewhere = frozenset(elsewhere)
        self._needs_token = services.guard.reads == "token"
        varies = {"Origin": varies_by_origin(services.settings), "Authorization": self._needs_token}
        self._varies = [name for name, does in varies.items() if does]

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        address = address_of(environ)
        found = base_of(address)
        if found is None or address in self._elsewhere:
            return self._application(environ, start_response)
        base, path = found
        method = environ["REQUEST_METHOD"]
        asked = Asked(environ, method, address, base, path, DEFAULTS[base.names[0]])
        try:
            answer = self._options(asked) if method == "OPTIONS" else self._answer(asked)
            self._finish(answer.headers, environ)
        except Exception as error:  # a line break in a header is one
            answer = failure(error, asked)
            self._finish(answer.headers, environ)
        return send(answer, environ, start_response)

    def _answer(self, asked: Asked) -> Answer:
        request = read_request(asked, self._services.settings)
        answered = dispatch(request, self._services)
        answer = render(answered, asked)
        if answered.status == 200:
            self._name_content(answer, request, answered)
        return answer

    def _name_content(self, answer: Answer, request: exchange.Request, answered: exchange.Response) -> None:
        """A topic's own resources are of the same content as its page, and an answer of them says so too.

        A long page of matches is not looked through: what it costs would be seen.
        """
        type_name, _, logical_id = request.path.partition("/")
        is_read = request.method == "GET" and logical_id
        held = ((type_name, logical_id),) if is_read else answered.matches[:_LOOKED_AT]
        found = [self._topics.holding(request.release.name, *one) for one in held]
        topics = {built.slug: built for built in found if built}
        if topics:
            answer.headers[CONTENT_HEADER] = content_header(topics.values())

    def _options(self, asked: Asked) -> Answer:
        """What may be asked of a path. A preflight is always granted: a page must see the failure."""
        methods = self._services.routes.methods(asked.path)
        answer = Answer(204, {"Allow": ", ".join(methods)})
        if is_preflight(asked.environ):
            answer.headers |= preflight_headers(methods or ("GET", "HEAD", "OPTIONS"))
        else:  # what GET would be told about the path
            method = methods[0] if methods else "OPTIONS"
            request = exchange.Request(
                release=asked.base.releases[0], base="", method=method, path=asked.path
            )
            interaction, request = find(request, self._services)
            check(request, interaction, self._services)
        return answer

    def _finish(self, headers: dict[str, str], environ: Environ) -> None:
        """What every answer of this door says, failures too."""
        headers["X-Content-Type-Options"] = "nosniff"
        headers.update(cors_headers(environ, self._services.settings))
        if self._varies:
            headers["Vary"] = ", ".join(filter(None, (headers.get("Vary"), *self._varies)))
        if self._needs_token and headers.get("Cache-Control") != NOT_KEPT:
            headers["Cache-Control"] = "private, no-cache"  # what one client may read is nobody else's
        refuse_line_breaks(headers)
