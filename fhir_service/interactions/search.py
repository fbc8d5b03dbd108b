"""search: the resources of a type, of several types or of a compartment that match, as a searchset Bundle.

https://hl7.org/fhir/R4/http.html#search and https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import hashlib
import marshal
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

from fhir_service.errors import Invalid, Issue, NotFound, NotSupported, ServiceError, TypeNotServed
from fhir_service.exchange import Interaction, Pairs, Parameter, Request, Response, Route, Services
from fhir_service.fhir.bundle import Found, searchset
from fhir_service.fhir.outcome import outcome
from fhir_service.formats import fhir_json
from fhir_service.guidance import require_served
from fhir_service.interactions import contained, several_types
from fhir_service.interactions import subset as subsets
from fhir_service.interactions.search_context import search_context
from fhir_service.interactions.subset import Subset, take_subset
from fhir_service.releases import Release
from fhir_service.search.compartments import belongs_to, members
from fhir_service.search.contained import MARK
from fhir_service.search.includes import INCLUDE_PARAMETERS
from fhir_service.search.query import CONTAINED, CURSOR_PARAMETER, TOTAL_MODES, Query, parse_query
from fhir_service.security.guard import authorise
from fhir_service.security.scopes import covered_types
from fhir_service.served_types import ABSENCE
from fhir_service.store.contract import Page, StoredVersion

_BODY = StoredVersion._fields.index("body")

# Kinds of clinical use that patient education does not hold: an empty answer must not read as "none known".
_NOT_HELD = frozenset({"contraindication", "interaction"})


def handle(request: Request, services: Services) -> Response:
    with services.store.presuming():
        return _answer(request, services)


def _answer(request: Request, services: Services) -> Response:
    release = request.release
    allowed = authorise(request.authorization, services.guard, "search-type", request.type_name)
    readable = covered_types(allowed, services.types[release.name], "s")
    types, type_pairs, parameters = _take_types(request, services, readable)
    for type_name in types:
        subset, rest = take_subset(parameters, type_name, release)
    if subset.counts:
        rest = (*(pair for pair in rest if pair[0] != "_count"), ("_count", "0"))
    if subset.summary == "text" and any(name.startswith(INCLUDE_PARAMETERS) for name, _ in rest):
        raise Invalid(
            "`_summary=text` cannot be mixed with `_include` and `_revinclude`.",
            expression=("http._summary",),
        )
    queries = contained.expand(
        _queries(request, services, types, rest, readable),
        readable,
        release.resource_types,
        in_compartment=bool(request.compartment),
    )
    if len(queries) == 1:
        page = services.store.search(release.name, queries[0])
    else:
        page = several_types.search(queries, lambda query: services.store.search(release.name, query))
    applied = (*type_pairs, *queries[0].applied)
    issues = (*queries[0].issues, *_remarks(types, applied))
    links = _links(request, applied, page, subset)
    included = [one for one in page.included if one.type_name in readable]
    body = searchset(
        [
            *_found(page.matches, request, "match", subset.of),
            *_found(included, request, "include", subset.of_included),
            *_told(issues),
        ],
        links,
        page.total,
    )
    return Response(
        body=body,
        etag=_entity_tag(links, page, included, issues),
        matches=tuple([(match.type_name, match.logical_id) for match in page.matches]),
    )


def _take_types(
    request: Request, services: Services, readable: frozenset[str]
) -> tuple[Sequence[str], Pairs, Pairs]:
    """The types to search, the `_type` that named them, and the other parameters."""
    possible = readable & _members(request) if request.compartment else readable
    if request.type_name:
        return (request.type_name,), (), request.parameters
    asked = tuple(pair for pair in request.parameters if pair[0] == "_type")
    rest = tuple(pair for pair in request.parameters if pair[0] != "_type")
    if not asked:
        return sorted(possible), (), rest
    if len(asked) > 1:
        raise Invalid("Parameter `_type` was given twice.", expression=("http._type",))
    names = sorted(set(asked[0][1].split(",")))
    for name in names:
        if name not in possible:
            raise _not_searched(name, request, services, possible)
    return names, asked, rest


def _members(request: Request) -> frozenset[str]:
    """The types of the compartment; raises NotFound when there is none, or the path's type is not in it."""
    release = request.release
    if request.compartment not in release.compartments:
        raise NotFound(
            f"{request.compartment} has no compartment in FHIR {release.label}; those that have one: "
            f"{', '.join(release.compartments)}."
        )
    found = members(request.compartment, release)
    if request.type_name and request.type_name not in found:
        raise NotFound(
            f"{request.type_name} is not in the {request.compartment} compartment; in it: "
            f"{', '.join(sorted(found))}."
        )
    return found


def _not_searched(
    type_name: str, request: Request, services: Services, possible: frozenset[str]
) -> ServiceError:
    try:
        require_served(type_name, request.release, services)
    except TypeNotServed as unserved:
        return NotSupported(f"Parameter `_type`: {unserved}", expression=("http._type",))
    return Invalid(
        f"Parameter `_type`: {type_name} is not searched here; allowed: {', '.join(sorted(possible))}.",
        expression=("http._type",),
    )


def _queries(
    request: Request, services: Services, types: Sequence[str], pairs: Pairs, readable: frozenset[str]
) -> list[Query]:
    release = request.release
    context = search_context(request, services, services.store, readable)
    parameters = services.search_parameters[release.name]

    def read(type_name: str, pairs: Pairs, strict: bool = True) -> Query:
        within = (
            [belongs_to(request.compartment, request.logical_id, type_name, release)]
            if request.compartment
            else []
        )
        return parse_query(
            pairs, type_name, parameters, strict=strict, context=context, types=readable, within=within
        )

    if len(types) == 1:
        return [read(types[0], pairs, not request.lenient)]
    return several_types.read_queries(pairs, types, parameters, read, lenient=request.lenient)


def _found(
    versions: Sequence[StoredVersion], request: Request, mode: str, part: Callable[[bytes, Release], bytes]
) -> Iterator[tuple[str, bytes, str]]:
    """What is `Found`; as plain tuples, which cost half as much to make: there may be a thousand."""
    base, release = request.base, request.release
    for version in versions:
        is_contained = version.type_name.startswith(MARK)
        type_name, logical_id, _, _, body, _ = contained.taken_out(version) if is_contained else version
        if body is not None:
            place = logical_id if is_contained else f"{type_name}/{logical_id}"
            yield f"{base}/{place}", part(body, release), mode


def _told(issues: tuple[Issue, ...]) -> Iterator[Found]:
    if issues:
        body = fhir_json.dump(outcome(issues))
        # It has no address; the same remarks always get the same name, so that the page's ETag holds.
        yield Found(uuid.uuid5(uuid.NAMESPACE_OID, body.decode()).urn, body, "outcome")


def _remarks(types: Sequence[str], applied: Pairs) -> Iterator[Issue]:
    if "ClinicalUseDefinition" not in types:
        return
    asked = {
        code.rpartition("|")[2] for name, value in applied if name == "type" for code in value.split(",")
    }
    if asked & _NOT_HELD:
        yield Issue("information", "informational", ABSENCE)


def _entity_tag(
    links: list[tuple[str, str]], page: Page, included: Sequence[StoredVersion], issues: tuple[Issue, ...]
) -> str:
    """A page has no version id: the versions that it is made of tell whether it changed."""
    versions = [version[:_BODY] for version in (*page.matches, *included)]
    told = (links, page.total, len(page.matches), versions, repr(issues))
    # Of this version of the format: those after it tell which strings are the same object.
    return hashlib.blake2b(marshal.dumps(told, 2), digest_size=12).hexdigest()


def _links(request: Request, applied: Pairs, page: Page, subset: Subset) -> list[tuple[str, str]]:
    if subset.counts:
        applied = tuple(pair for pair in applied if pair[0] != "_count")
    asked = [_written(*pair) for pair in (*applied, *subset.pairs, *request.presentation)]
    here = [_written(*pair) for pair in request.parameters if pair[0] == CURSOR_PARAMETER]
    links = [("self", _url(request, asked + here))]
    if page.next_cursor is not None:
        links.append(("next", _url(request, [*asked, _written(CURSOR_PARAMETER, page.next_cursor)])))
    return links


def _url(request: Request, pairs: Sequence[str]) -> str:
    """The equivalent GET."""
    path = request.type_name
    if request.compartment:
        path = f"{request.compartment}/{request.logical_id}/{request.type_name or '*'}"
    url = f"{request.base}/{path}" if path else request.base
    return f"{url}?{'&'.join(pairs)}" if pairs else url


def _written(name: str, value: str) -> str:
    """A space is %20: `+` would be read as a plus sign by some clients."""
    if _PLAIN.fullmatch(name) and _PLAIN.fullmatch(value):
        return f"{name}={value}"
    return f"{quote(name, safe=_SAFE)}={quote(value, safe=_SAFE)}"


_SAFE = ":/,|$-._~"  # legal in a query and readable in a FHIR search
_PLAIN = re.compile(rf"[A-Za-z0-9{re.escape(_SAFE)}]*")

_PAGE = (
    Parameter(name="_count", documentation="How many matches a page holds at most"),
    Parameter(
        name="_total",
        documentation="`accurate` counts all matches even where the page does not hold them",
        allowed=TOTAL_MODES,
    ),
)
_SORT = Parameter(name="_sort", documentation="Search parameters to sort by; with `-` in front, last first")
_TYPE = Parameter(name="_type", documentation="The types to search, separated by commas; without it, all")
_CONTENT = (
    Parameter(name="_include", documentation="`Type:parameter`: add what the matches refer to"),
    Parameter(name="_revinclude", documentation="`Type:parameter`: add what refers to the matches"),
    Parameter(
        name="_contained",
        documentation="Whether contained resources are searched: `true`, they alone; `both`, as well",
        allowed=CONTAINED["_contained"],
    ),
    Parameter(
        name="_containedType",
        documentation="Of a contained match: its `container` is answered, or the `contained` resource itself",
        allowed=CONTAINED["_containedType"],
    ),
    *subsets.PARAMETERS,
    Parameter(
        name=CURSOR_PARAMETER,
        documentation="Where the page starts: taken from a next link, never made up",
    ),
)
_OF_ONE_TYPE = (*_PAGE, _SORT, *_CONTENT)
_OF_SEVERAL_TYPES = (_TYPE, *_PAGE, *_CONTENT)

TYPE = Interaction(
    code="search-type",
    level="type",
    routes=(Route("GET", "{type}"), Route("POST", "{type}/_search")),
    summary="Search the resources of a type",
    handle=handle,
    parameters=_OF_ONE_TYPE,
    searches=True,
)
SYSTEM = Interaction(
    code="search-system",
    level="system",
    routes=(Route("GET", ""), Route("POST", "_search")),
    summary="Search the resources of several types, by the parameters that all of them have",
    handle=handle,
    parameters=_OF_SEVERAL_TYPES,
    searches=True,
)
COMPARTMENT = Interaction(
    code="search-compartment",
    level="compartment",
    routes=(
        Route("GET", "{compartment}/{id}/{type}"),
        Route("POST", "{compartment}/{id}/{type}/_search"),
    ),
    summary="Search the resources of a type around one resource",
    handle=handle,
    parameters=_OF_ONE_TYPE,
    searches=True,
)
WHOLE_COMPARTMENT = Interaction(
    code="search-compartment",
    level="compartment",
    routes=(Route("GET", "{compartment}/{id}/*"), Route("POST", "{compartment}/{id}/_search")),
    summary="Search the resources of several types around one resource",
    handle=handle,
    parameters=_OF_SEVERAL_TYPES,
    searches=True,
)
