"""What goes into and comes out of every interaction: plain values, no HTTP framework.

https://hl7.org/fhir/R4/http.html

HTTP, batch entries and the command line all make a `Request`, hand it to `dispatch`, and get a `Response`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fhir_service.releases import Release
    from fhir_service.search.definitions import SearchParameters
    from fhir_service.settings import Settings
    from fhir_service.store.contract import Store

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing asked of one release; `dispatch` fills in the last three from the path."""

    release: Release
    base: str  # what links start with: the base that was asked, without trailing slash
    method: str
    path: str  # below the base, without leading slash
    parameters: Pairs = ()
    presentation: Pairs = ()  # _format and _pretty: no filter, but links keep them
    lenient: bool = False
    raw: bool = False  # no FHIR type was asked for: a Binary answers its own content

    type_name: str = ""
    logical_id: str = ""
    version_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """FHIR JSON, or with `media_type` the content as it is; times are microseconds since 1970."""

    body: bytes
    status: int = 200
    media_type: str | None = None
    etag: str | None = None  # without quotes; always sent as a weak validator
    last_modified: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of an interaction that is no search parameter."""

    name: str
    documentation: str
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path below the base; `{type}`, `{id}` and `{version}` stand for one segment each."""

    method: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One FHIR interaction; routes, CapabilityStatement and openapi.yaml all read this entry.

    `level` is instance, type or system. HEAD and OPTIONS come with every GET and are not listed. `failures`
    are the statuses it can answer besides those that any request can get (400, 404, 405, 406).
    """

    code: str
    level: str
    routes: tuple[Route, ...]
    summary: str
    handle: Callable[[Request, Services], Response]
    parameters: tuple[Parameter, ...] = ()
    failures: tuple[int, ...] = ()
    searches: bool = False  # takes the search parameters of its type


@dataclass(frozen=True, kw_only=True)
class Services:
    """What interactions work with; wired once, in `create_app`. The mappings are by release name."""

    settings: Settings
    store: Store
    interactions: tuple[Interaction, ...]  # what can be asked, which is what is advertised
    types: Mapping[str, frozenset[str]]
    search_parameters: Mapping[str, SearchParameters]
    now: Callable[[], int]  # microseconds since 1970
