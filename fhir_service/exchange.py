"""What goes into and comes out of every interaction: plain values, no HTTP framework.

https://hl7.org/fhir/R4/http.html

HTTP, batch entries and the command line all make a `Request`, hand it to `dispatch`, and get a `Response`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fhir_service.fhir.dates import EARLIEST, LATEST
from fhir_service.routing import Routes
from fhir_service.security.guard import Guard
from fhir_service.stored_terminology import Remembered

if TYPE_CHECKING:
    from fhir_service.errors import Issue
    from fhir_service.exports.worker import Exports
    from fhir_service.operations.declaration import Operation
    from fhir_service.releases import Release
    from fhir_service.search.definitions import SearchParameters
    from fhir_service.settings import Settings
    from fhir_service.store.contract import Resources

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a request brings: bytes as they came, or (in an entry of a Bundle) a resource that is parsed."""

    content_type: str = ""
    data: bytes = b""
    in_chunks: bool = False  # of a length that was not told: nothing but itself can say whether it is whole
    resource: dict[str, Any] | None = None
    is_valid: bool = False  # the resource has passed the gate
    security_context: str = ""  # X-Security-Context, which goes with a Binary's own content


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What must hold for the request to be done; as the headers, or as a Bundle's entry, write it.

    A date is the last microsecond since 1970 that it means: HTTP tells seconds, an instant may tell more.
    What is no date is no condition (RFC 9110, section 13.1.3).
    """

    if_match: str = ""
    if_none_match: str = ""
    if_modified_since: int = EARLIEST
    if_unmodified_since: int = LATEST
    if_none_exist: str = ""
    untold: tuple[str, ...] = ()
    """Headers that came without a value, as some servers also give what is not in ASCII."""


class Request(NamedTuple):
    """One thing asked of one release; `dispatch` fills in the last four from the path.

    A tuple, because there are several of each request: a dataclass of this size takes seven times as long to
    be copied with a change.
    """

    release: Release
    base: str  # what links start with: the base that was asked, without trailing slash
    method: str
    path: str  # below the base, without leading slash
    offers: tuple[Release, ...] = ()  # the releases among which the client could choose at this base
    parameters: Pairs = ()
    presentation: Pairs = ()  # _format and _pretty: no filter, but links keep them
    lenient: bool = False
    raw: bool = False  # no FHIR type was asked for: a Binary answers its own content
    content: Content | None = None
    conditions: Conditions = Conditions()
    is_asynchronous: bool = False  # Prefer: respond-async
    returns: str = ""  # Prefer: return=minimal, representation or OperationOutcome
    authorization: str = ""

    compartment: str = ""  # the type of the resource that the compartment is about
    type_name: str = ""
    logical_id: str = ""
    version_id: str = ""

    def __repr__(self) -> str:
        """Without the credentials and what is sent about somebody, wherever this may be written."""
        return f"Request({self.method} {self.path})"

    @property
    def own_base(self) -> str:
        """The base for those who name no release: the one that was asked, unless that means another."""
        is_default = not self.offers or self.release is self.offers[0]
        return self.base if is_default else f"{self.base}/{self.release.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """FHIR JSON, or with `media_type` the content as it is; times are microseconds since 1970."""

    body: bytes | None
    status: int = 200
    location: str | None = None  # of the version that was written
    is_outcome: bool = False  # the body is an OperationOutcome about what was done
    media_type: str | None = None
    file: Path | None = None  # in place of a body: sent as a stream, as `media_type`
    matches: tuple[tuple[str, str], ...] = ()  # type and id of what a page of matches holds
    headers: Mapping[str, str] = field(default_factory=dict)  # those of this one answer, such as Retry-After
    etag: str | None = None  # without quotes; always sent as a weak validator
    last_modified: int | None = None
    is_personal: bool = False  # about somebody: nothing on the way may keep it


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of an interaction that is no search parameter."""

    name: str
    documentation: str
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path below the base; `{compartment}`, `{type}`, `{id}`, `{version}`: one segment."""

    method: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One FHIR interaction; routes, CapabilityStatement and openapi.yaml all read this entry.

    `level` is instance, type, system or compartment; update, patch and delete at type level are their
    conditional forms.
    HEAD and OPTIONS come with every GET and are not listed. `successes` are its statuses when all goes well,
    `failures` the others besides those that any request can get (400, 404, 405, 406).
    """

    code: str
    level: str
    routes: tuple[Route, ...]
    summary: str
    handle: Callable[[Request, Services], Response]
    parameters: tuple[Parameter, ...] = ()
    successes: tuple[int, ...] = (200,)
    failures: tuple[int, ...] = ()
    searches: bool = False  # takes the search parameters of its type
    writes: bool = False
    media_types: tuple[str, ...] = ()  # of the body that it takes
    operation: Operation | None = None  # what it calls, at one level of one type
    type_name: str = ""  # the one resource type that its paths name
    needs: str | None = None  # what a token must allow, unless scopes.py says so of its code


def accept_everything(release: Release, resource: dict[str, Any]) -> Sequence[Issue]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Services:
    """What interactions work with; wired once, in `create_app`. The mappings are by release name."""

    settings: Settings
    store: Resources
    interactions: tuple[Interaction, ...]  # what can be asked, which is what is advertised
    types: Mapping[str, frozenset[str]]
    search_parameters: Mapping[str, SearchParameters]
    now: Callable[[], int]  # microseconds since 1970
    operation_definitions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # id -> canonical
    switched_off: tuple[Interaction, ...] = ()  # known, but not with these settings
    validate: Callable[[Release, dict[str, Any]], Sequence[Issue]] = accept_everything
    validate_structure: Callable[[Release, dict[str, Any]], Sequence[Issue]] = (
        accept_everything  # no invariants
    )
    guard: Guard = Guard(writes="open")
    terminology: Remembered = field(default_factory=Remembered)
    exports: Exports | None = None
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())

    @cached_property
    def routes(self) -> Routes:
        return Routes(self.interactions)
