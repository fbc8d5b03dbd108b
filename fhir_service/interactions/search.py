"""search-type: the resources of one type that match, as a searchset Bundle.

https://hl7.org/fhir/R4/http.html#search and https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from urllib.parse import quote, urlencode

from fhir_service.errors import Issue
from fhir_service.exchange import Interaction, Pairs, Parameter, Request, Response, Route, Services
from fhir_service.fhir.bundle import Entry, searchset
from fhir_service.fhir.outcome import outcome
from fhir_service.formats import fhir_json
from fhir_service.interactions import subset as subsets
from fhir_service.interactions.subset import Subset, take_subset
from fhir_service.search.param_types import Context
from fhir_service.search.query import CURSOR_PARAMETER, TOTAL_MODES, Query, parse_query
from fhir_service.security.guard import authorise
from fhir_service.security.scopes import covered_types
from fhir_service.served_types import ABSENCE
from fhir_service.store.contract import Page, StoredVersion

# Kinds of clinical use that patient education does not hold: an empty answer must not read as "none known".
_NOT_HELD = frozenset({"contraindication", "interaction"})


def handle(request: Request, services: Services) -> Response:
    release = request.release
    allowed = authorise(request.authorization, services.guard, "search-type", request.type_name)
    types = covered_types(allowed, services.types[release.name], "s")
    subset, parameters = take_subset(request.parameters, request.type_name, release)
    if subset.counts:
        parameters = (*(pair for pair in parameters if pair[0] != "_count"), ("_count", "0"))
    query = parse_query(
        parameters,
        request.type_name,
        services.search_parameters[release.name],
        strict=not request.lenient,
        context=Context(bases=(request.base,), now=services.now()),
        types=types,
    )
    page = services.store.search(release.name, query)
    issues = (*query.issues, *_remarks(request.type_name, query.applied))
    body = searchset(
        [
            *_entries(page.matches, request, "match", subset),
            *_entries([one for one in page.included if one.type_name in types], request, "include", subset),
            *_outcome_entries(issues),
        ],
        _links(request, query, page, subset),
        page.total,
    )
    # A page has no version id: its own bytes tell whether it changed.
    return Response(body=body, etag=hashlib.blake2b(body, digest_size=12).hexdigest())


def _entries(
    versions: Sequence[StoredVersion], request: Request, mode: str, subset: Subset
) -> Iterator[Entry]:
    for found in versions:
        if found.body is not None:
            body = subset.of(found.body, request.release)
            yield Entry(f"{request.base}/{found.type_name}/{found.logical_id}", body, mode)


def _outcome_entries(issues: tuple[Issue, ...]) -> Iterator[Entry]:
    if issues:
        body = fhir_json.dump(outcome(issues))
        # It has no address; the same remarks always get the same name, so that the page's ETag holds.
        yield Entry(uuid.uuid5(uuid.NAMESPACE_OID, body.decode()).urn, body, "outcome")


def _remarks(type_name: str, applied: Pairs) -> Iterator[Issue]:
    if type_name != "ClinicalUseDefinition":
        return
    asked = {
        code.rpartition("|")[2] for name, value in applied if name == "type" for code in value.split(",")
    }
    if asked & _NOT_HELD:
        yield Issue("information", "informational", ABSENCE)


def _links(request: Request, query: Query, page: Page, subset: Subset) -> list[tuple[str, str]]:
    applied = (pair for pair in query.applied if not (subset.counts and pair[0] == "_count"))
    asked = (*applied, *subset.pairs, *request.presentation)
    here = tuple(pair for pair in request.parameters if pair[0] == CURSOR_PARAMETER)
    links = [("self", _url(request, (*asked, *here)))]
    if page.next_cursor is not None:
        links.append(("next", _url(request, (*asked, (CURSOR_PARAMETER, page.next_cursor)))))
    return links


def _url(request: Request, pairs: Pairs) -> str:
    """The equivalent GET. A space is %20: `+` would be read as a plus sign by some clients."""
    url = f"{request.base}/{request.type_name}"
    return f"{url}?{urlencode(pairs, safe=_SAFE, quote_via=quote)}" if pairs else url


_SAFE = ":/,|$-._~"  # legal in a query and readable in a FHIR search

INTERACTION = Interaction(
    code="search-type",
    level="type",
    routes=(Route("GET", "{type}"), Route("POST", "{type}/_search")),
    summary="Search the resources of a type",
    handle=handle,
    parameters=(
        Parameter(name="_count", documentation="How many matches a page holds at most"),
        Parameter(
            name="_total",
            documentation="`accurate` counts all matches even where the page does not hold them",
            allowed=TOTAL_MODES,
        ),
        Parameter(name="_sort", documentation="Search parameters to sort by; with `-` in front, last first"),
        Parameter(name="_include", documentation="`Type:parameter`: add what the matches refer to"),
        Parameter(name="_revinclude", documentation="`Type:parameter`: add what refers to the matches"),
        *subsets.PARAMETERS,
        Parameter(
            name=CURSOR_PARAMETER,
            documentation="Where the page starts: taken from a next link, never made up",
        ),
    ),
    searches=True,
)
