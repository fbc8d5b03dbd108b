"""history: the versions of one resource, of a type, or of everything served, newest first.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote, urlencode

from fhir_service.errors import Invalid, NotFound
from fhir_service.exchange import Interaction, Parameter, Request, Response, Route, Services
from fhir_service.fhir.bundle import Entry, bundle
from fhir_service.fhir.dates import date_range, to_instant
from fhir_service.store.contract import HistoryScope, StoredVersion

DEFAULT_COUNT = 20
MAXIMUM_COUNT = 1000

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_STATUS = {"POST": "201 Created", "DELETE": "204 No Content"}


def handle(request: Request, services: Services) -> Response:
    scope = _scope(request, services)
    page = services.store.history(request.release.name, scope)
    if not page.total and request.logical_id:
        _require_known(request, services)
    # The links say what was applied: a count that was too high is given as it was cut.
    applied = tuple(
        (name, str(scope.count) if name == "_count" else value) for name, value in request.parameters
    )
    links = [("self", _url(request, applied))]
    if page.next_cursor is not None:
        asked = tuple(pair for pair in applied if pair[0] != "_page")
        links.append(("next", _url(request, (*asked, ("_page", str(page.next_cursor))))))
    entries = [_entry(version, request.base) for version in page.versions]
    body = bundle("history", entries, links, page.total)
    # A page has no version id: its own bytes tell whether it changed.
    return Response(body=body, etag=hashlib.blake2b(body, digest_size=12).hexdigest())


def _require_known(request: Request, services: Services) -> None:
    """A page without versions is an answer, unless there never was such a resource."""
    if services.store.read(request.release.name, request.type_name, request.logical_id) is None:
        raise NotFound(f"Resource `{request.type_name}/{request.logical_id}` is not known.")


def _scope(request: Request, services: Services) -> HistoryScope:
    given: dict[str, str] = {}
    for name, value in request.parameters:
        if name in given:
            raise Invalid(f"Parameter `{name}` was given twice.", expression=(f"http.{name}",))
        given[name] = value
    return HistoryScope(
        type_name=request.type_name or None,
        logical_id=request.logical_id or None,
        since=_dates(given, "_since")[0] if "_since" in given else None,
        at=_dates(given, "_at") if "_at" in given else None,
        count=min(_number(given, "_count"), MAXIMUM_COUNT) if "_count" in given else DEFAULT_COUNT,
        before=_number(given, "_page") if "_page" in given else None,
        types=services.types[request.release.name],
    )


def _dates(given: dict[str, str], name: str) -> tuple[int, int]:
    try:
        return date_range(given[name])
    except ValueError as error:
        raise Invalid(f"Parameter `{name}`: {error}.", expression=(f"http.{name}",)) from None


def _number(given: dict[str, str], name: str) -> int:
    if not _NUMBER.fullmatch(given[name]):
        told = "a whole number" if name == "_count" else "taken from a next link"
        raise Invalid(f"Parameter `{name}` is {told}, not `{given[name]}`.", expression=(f"http.{name}",))
    return int(given[name])


def _entry(version: StoredVersion, base: str) -> Entry:
    name = f"{version.type_name}/{version.logical_id}"
    # A history says what came of it: a patch made a version as an update does (R5 allows nothing else here).
    method = "PUT" if version.method == "PATCH" else version.method
    status = _STATUS.get(method, "201 Created" if version.version_id == 1 else "200 OK")
    return Entry(
        full_url=f"{base}/{name}",
        body=version.body,
        request={"method": method, "url": version.type_name if method == "POST" else name},
        response={
            "status": status,
            "etag": f'W/"{version.version_id}"',
            "lastModified": to_instant(version.last_updated),
        },
    )


def _url(request: Request, pairs: tuple[tuple[str, str], ...]) -> str:
    asked = (*pairs, *request.presentation)
    query = f"?{urlencode(asked, safe=':/,-._~', quote_via=quote)}" if asked else ""
    return f"{request.base}/{request.path}{query}"


_PARAMETERS = (
    Parameter(name="_since", documentation="Only versions made at this time or later"),
    Parameter(name="_at", documentation="Only versions that were current at some time within this date"),
    Parameter(name="_count", documentation="How many a page holds at most"),
    Parameter(name="_page", documentation="Where the page starts: taken from a next link, never made up"),
)
INSTANCE = Interaction(
    code="history-instance",
    level="instance",
    routes=(Route("GET", "{type}/{id}/_history"),),
    summary="The versions of a resource",
    handle=handle,
    parameters=_PARAMETERS,
)
TYPE = Interaction(
    code="history-type",
    level="type",
    routes=(Route("GET", "{type}/_history"),),
    summary="The versions of all resources of a type",
    handle=handle,
    parameters=_PARAMETERS,
)
SYSTEM = Interaction(
    code="history-system",
    level="system",
    routes=(Route("GET", "_history"),),
    summary="The versions of all resources",
    handle=handle,
    parameters=_PARAMETERS,
)
