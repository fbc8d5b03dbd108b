"""Entries of a batch or transaction: each a request of its own, and each answered by an entry.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from fhir_service.errors import Invalid, Issue, NotSupported, ServiceError, TooLarge, Unprocessable
from fhir_service.exchange import Conditions, Content, Request, Response, Services
from fhir_service.fhir.bundle import Entry
from fhir_service.fhir.dates import EARLIEST, date_range, to_instant
from fhir_service.fhir.outcome import outcome
from fhir_service.fhir.query_string import read_pairs
from fhir_service.formats import fhir_json

MOST_ENTRIES = 5_000

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_PRESENTATION = ("_format", "_pretty")
_CONDITIONS = ("ifMatch", "ifNoneMatch", "ifModifiedSince", "ifNoneExist")


@dataclass(frozen=True, slots=True)
class Asked:
    """What one entry asks; `place` is its number, `full_url` the name by which others refer to it."""

    place: int
    request: Request
    full_url: str | None
    is_head: bool

    @property
    def expression(self) -> str:
        return f"Bundle.entry[{self.place}]"


def entries_of(bundle: Mapping[str, Any]) -> Sequence[Any]:
    found = bundle.get("entry", [])
    if not isinstance(found, list):
        raise Invalid("`entry` is a list.", expression=("Bundle.entry",))
    if len(found) > MOST_ENTRIES:
        raise TooLarge(f"The Bundle has {len(found)} entries; at most {MOST_ENTRIES} are done at once.")
    return found


def read_entry(entry: Any, place: int, outer: Request) -> Asked:
    """The entry as a request to the base that the Bundle was sent to; Invalid when it is malformed."""
    here = f"Bundle.entry[{place}]"
    asked = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(asked, dict):
        raise Invalid("The entry has no `request`.", issue_code="required", expression=(here,))
    texts = {name: asked.get(name, "") for name in ("method", "url", *_CONDITIONS)}
    full_url, resource = entry.get("fullUrl"), entry.get("resource")
    if not all(isinstance(value, str) for value in (*texts.values(), full_url or "")):
        raise Invalid("`request` and `fullUrl` hold texts.", expression=(here,))
    if not isinstance(resource, dict | None):
        raise Invalid("`resource` is an object.", expression=(f"{here}.resource",))
    method = texts["method"]
    if method not in _METHODS:
        raise Invalid(f"`{method}` is none of {', '.join(_METHODS)}.", expression=(f"{here}.request.method",))
    path, _, query = texts["url"].removeprefix(outer.base).partition("?")
    pairs = read_pairs(query)
    path = unquote(path).strip("/")
    if path == "" and method == "POST":
        raise NotSupported("A Bundle within a Bundle is not done.", expression=(f"{here}.request.url",))
    request = outer._replace(
        method="GET" if method == "HEAD" else method,
        path=path,
        parameters=tuple(pair for pair in pairs if pair[0] not in _PRESENTATION),
        presentation=(),
        raw=False,
        content=None if resource is None else Content(resource=resource),
        conditions=Conditions(
            if_match=texts["ifMatch"],
            if_none_match=texts["ifNoneMatch"],
            if_modified_since=_instant(texts["ifModifiedSince"], here),
            if_none_exist=texts["ifNoneExist"],
        ),
        returns=outer.returns or "minimal",
    )
    return Asked(place, request, full_url, method == "HEAD")


def _instant(text: str, here: str) -> int:
    """What a header would write as an HTTP date, an entry writes as an instant."""
    if not text:
        return EARLIEST
    try:
        return date_range(text)[1] - 1
    except ValueError as error:
        expression = f"{here}.request.ifModifiedSince"
        raise Invalid(f"{error}.", issue_code="value", expression=(expression,)) from None


def around(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A Bundle of these entries without their resources, for `require_known`."""
    shells = [{name: value for name, value in one.items() if name != "resource"} for one in entries]
    return {"resourceType": "Bundle", "type": "batch"} | ({"entry": shells} if shells else {})


def require_known(shell: dict[str, Any], request: Request, services: Services, place: int = 0) -> None:
    """Refuse what FHIR does not know in a Bundle without its resources: a condition that is misspelled
    must not be passed over. Only the structure counts; the invariants speak of what the Bundle holds.

    :param place: of its first entry in the Bundle that was sent
    """
    issues = services.validate_structure(request.release, shell)
    found = [issue for issue in issues if issue.code == "structure"]
    if found:
        placed = [
            replace(
                issue,
                expression=tuple(
                    expression.replace("Bundle.entry[0]", f"Bundle.entry[{place}]", 1)
                    for expression in issue.expression
                ),
            )
            for issue in found
        ]
        raise Unprocessable.of(placed)


def answered(response: Response, is_head: bool = False) -> Entry:
    """The entry that says what was done."""
    told: dict[str, Any] = {"status": _status(response.status)}
    if response.location is not None:
        told["location"] = response.location
    if response.etag is not None:
        told["etag"] = f'W/"{response.etag}"'
    if response.last_modified is not None:
        told["lastModified"] = to_instant(response.last_modified)
    body = None if is_head else response.body
    if response.is_outcome and body is not None:
        told["outcome"] = fhir_json.parse(body)
        body = None
    full_url = response.location.partition("/_history/")[0] if response.location and body else None
    return Entry(full_url, body, response=told)


def refused(failure: ServiceError) -> Entry:
    """The entry that says why nothing was done."""
    return Entry(None, None, response={"status": _status(failure.status), "outcome": outcome(failure.issues)})


def located(failure: ServiceError, asked: Asked) -> ServiceError:
    """The same failure, naming the entry: `Patient.gender` is `Bundle.entry[2].resource.gender`."""
    title = f"{asked.expression} ({asked.request.method} {asked.request.path})"
    failure.issues = tuple(
        Issue(
            issue.severity,
            issue.code,
            f"{title}: {issue.diagnostics}",
            tuple(_within(expression, asked.expression) for expression in issue.expression)
            or (asked.expression,),
        )
        for issue in failure.issues
    )
    return failure


def _within(expression: str, entry: str) -> str:
    if expression.startswith("Bundle.entry["):
        return expression
    if expression.startswith("http."):
        return f"{entry}.request"
    _, dot, rest = expression.partition(".")
    return f"{entry}.resource{dot}{rest}"


def _status(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"
