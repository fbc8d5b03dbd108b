"""What is asked over HTTP: the environment of WSGI as the request value that `dispatch` takes.

https://hl7.org/fhir/R4/http.html and https://peps.python.org/pep-3333/
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_service import exchange
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.fhir.bases import Base
from fhir_service.delivery.fhir.negotiation import (
    Representation,
    flag,
    negotiate,
    preferences,
    release_of_body,
    require_form,
    require_plain,
    single,
)
from fhir_service.delivery.wsgi import Environ, body_of
from fhir_service.errors import NotAcceptable, NotSupported
from fhir_service.exchange import Conditions, Content, Pairs
from fhir_service.fhir.dates import EARLIEST, LATEST
from fhir_service.fhir.etags import read_http_date
from fhir_service.fhir.query_string import read_pairs
from fhir_service.settings import Settings

_WITH_BODY = ("POST", "PUT", "PATCH")
_PRESENTATION = ("_format", "_pretty")
# A form is small, and so is a batch that only reads; what is written may be large.
_LARGEST_FORM = 1_000_000
LARGEST_BODY = 32_000_000

_CONDITIONAL = (
    "HTTP_IF_MATCH",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_IF_UNMODIFIED_SINCE",
    "HTTP_IF_NONE_EXIST",
)
_UNCONDITIONAL = Conditions()


@dataclass(slots=True)
class Asked:
    """A request at a FHIR base, and how its answer is written, as far as that is known when it fails."""

    environ: Environ
    method: str
    address: str
    base: Base
    path: str  # below the base
    representation: Representation
    pretty: bool = False


def read_request(asked: Asked, settings: Settings) -> exchange.Request:
    """The request value. Raises what is wrong with it; `asked` knows by then how to write that."""
    environ, base, path = asked.environ, asked.base, asked.path
    pairs = read_pairs(_text(environ.get("QUERY_STRING", "")))
    names, content = base.names, None
    if asked.method in _WITH_BODY:
        pairs, content = _body(asked, pairs, settings.writes)
        names = release_of_body(environ.get("CONTENT_TYPE", ""), names)
    presentation = tuple(pair for pair in pairs if pair[0] in _PRESENTATION) if pairs else ()
    asked_format = None
    if presentation:
        asked.pretty = flag("_pretty", _values(presentation, "_pretty"))
        asked_format = single("_format", _values(presentation, "_format"))
    accept = environ.get("HTTP_ACCEPT", "")
    raw = _may_be_raw(path, accept, asked_format)
    try:
        asked.representation = negotiate(accept, asked_format, names)
    except NotAcceptable:
        if not raw:
            raise
    preferred = preferences(environ.get("HTTP_PREFER", ""), settings.search_handling)
    return exchange.Request(
        release=asked.representation.release,
        offers=base.releases,
        base=base_url(environ, settings) + base.path,
        method="GET" if asked.method == "HEAD" else asked.method,
        path=path,
        parameters=tuple(pair for pair in pairs if pair[0] not in _PRESENTATION) if presentation else pairs,
        presentation=presentation,
        lenient=preferred.lenient,
        raw=raw,
        content=content,
        conditions=_conditions(environ),
        is_asynchronous=preferred.asynchronous,
        returns=preferred.returns,
        authorization=environ.get("HTTP_AUTHORIZATION", ""),
    )


def _text(native: str) -> str:
    """What PEP 3333 hands over as Latin-1 is UTF-8; what is not, `read_pairs` refuses."""
    return native if native.isascii() else native.encode("latin1").decode("utf-8", "surrogateescape")


def _body(asked: Asked, pairs: Pairs, writes: str) -> tuple[Pairs, Content | None]:
    """The pairs with those of a search's form, or the content of any other request."""
    environ = asked.environ
    content_type = environ.get("CONTENT_TYPE", "")
    require_plain(environ.get("HTTP_CONTENT_ENCODING", ""))
    if "HTTP_CONTENT_RANGE" in environ:
        raise NotSupported("A part of a body is not taken.", expression=("http.Content-Range",))
    if asked.method == "POST" and asked.path.rpartition("/")[2] == "_search":
        form = body_of(environ, _LARGEST_FORM)
        if form or "CONTENT_TYPE" in environ:  # without a form all may stand in the URL
            require_form(content_type)
        return pairs + read_pairs(form.decode("utf-8", "surrogateescape")), None
    return pairs, Content(
        content_type=content_type,
        data=body_of(environ, _LARGEST_FORM if writes == "off" else LARGEST_BODY),
        in_chunks="HTTP_TRANSFER_ENCODING" in environ,
        security_context=environ.get("HTTP_X_SECURITY_CONTEXT", ""),
    )


def _conditions(environ: Environ) -> Conditions:
    if environ.keys().isdisjoint(_CONDITIONAL):
        return _UNCONDITIONAL
    match, none_match, modified, unmodified, none_exist = [environ.get(name, "") for name in _CONDITIONAL]
    return Conditions(
        if_match=match,
        if_none_match=none_match,
        if_modified_since=read_http_date(modified, EARLIEST),
        if_unmodified_since=read_http_date(unmodified, LATEST),
        if_none_exist=none_exist,
        untold=tuple(_header(name) for name in _CONDITIONAL if environ.get(name) == ""),
    )


def _header(name: str) -> str:
    return name.removeprefix("HTTP_").replace("_", "-").title()


def _values(pairs: Pairs, name: str) -> list[str]:
    return [value for key, value in pairs if key == name]


def _may_be_raw(path: str, accept: str, asked_format: str | None) -> bool:
    """Whether this may be no FHIR resource: then Accept need not name what is offered.

    https://hl7.org/fhir/R4/binary.html#rest: any Accept but a FHIR type gets the content with its own type.
    The files of an export are NDJSON, whatever is accepted.
    """
    if path.startswith("$export-"):
        return True
    return path.startswith("Binary/") and "/fhir+" not in accept.lower() and asked_format is None
