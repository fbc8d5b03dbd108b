"""What create, update, patch and delete share: from a resource and its conditions to a new version.

https://hl7.org/fhir/R4/http.html#concurrency and https://hl7.org/fhir/R4/resource.html#Meta

    gate        the resource is one of this release                        422, every problem listed
    read        the current version, locked until the transaction ends
    conditions  If-Match, If-None-Match                                    412
    ownership   what a package brought is changed there                    409
    lifecycle   active never returns to draft, retired never returns      422
    usable      a SearchParameter that is active can be searched by         409, 422
    compare     nothing changed: no new version
    put         version id + 1, meta stamped, index rows
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_service.errors import Conflict, Invalid, Issue, PreconditionFailed, Unprocessable
from fhir_service.exchange import Request, Response, Services
from fhir_service.fhir.etags import ANY, lists, read_etags, require_current
from fhir_service.fhir.outcome import outcome
from fhir_service.formats import fhir_json
from fhir_service.formats.meta import stamp, without_stamp
from fhir_service.releases import Release
from fhir_service.releases.lifecycle import becomes_draft, leaves_retirement
from fhir_service.search.custom import require_usable
from fhir_service.search.index import index_rows
from fhir_service.store.contract import StoredVersion, WritableResources


@dataclass(frozen=True, slots=True)
class Saved:
    """The current version after a write; `is_new` when there was none, or only a deleted one."""

    version: StoredVersion
    is_new: bool


def of_type(resource: dict[str, Any], type_name: str) -> dict[str, Any]:
    """The resource, if it is of the type that the URL names."""
    found = resource.get("resourceType")
    if found != type_name:
        told = "has no resourceType" if found is None else f"holds `{found}`"
        raise Invalid(f"The body {told}, the URL names {type_name}.", expression=(f"{type_name}",))
    return resource


def with_id(resource: dict[str, Any], logical_id: str) -> dict[str, Any]:
    """The same resource under this id, which stands second as everywhere."""
    rest = {name: value for name, value in resource.items() if name not in ("resourceType", "id", "_id")}
    return {"resourceType": resource["resourceType"], "id": logical_id, **rest}


def require_id(resource: dict[str, Any], logical_id: str) -> None:
    """An update names the resource twice, and both must say the same."""
    type_name, found = resource["resourceType"], resource.get("id")
    if found != logical_id:
        told = "The body has no id" if found is None else f"The body's id is `{found}`"
        raise Invalid(f"{told}, the URL's is `{logical_id}`.", expression=(f"{type_name}.id",))


def require_sent_valid(request: Request, resource: dict[str, Any], services: Services) -> None:
    """The gate for what a request brings, unless a transaction has sent it through before."""
    if request.content is None or not request.content.is_valid:
        require_valid(resource, request.release, services)


def require_valid(resource: dict[str, Any], release: Release, services: Services) -> None:
    """The gate: raise Unprocessable with every problem, errors first."""
    issues = services.validate(release, resource)
    errors = [issue for issue in issues if issue.severity in ("error", "fatal")]
    if not errors:
        return
    others = [issue for issue in issues if issue not in errors]
    raise Unprocessable.of([*errors, *others])


def save(
    transaction: WritableResources,
    request: Request,
    resource: dict[str, Any],
    services: Services,
    *,
    method: str,
) -> Saved:
    """Make a valid resource with its id the current version, if the conditions hold.

    Under the id that a POST got from the server there is nothing yet.
    """
    release, type_name, logical_id = request.release, resource["resourceType"], resource["id"]
    current = transaction.read(release.name, type_name, logical_id) if method != "POST" else None
    require_conditions(request, current)
    if current is not None:
        require_not_owned(transaction, release, type_name, logical_id)
    is_new = current is None or current.body is None
    if current is not None and current.body is not None:
        before = fhir_json.parse(current.body)
        require_lifecycle(before, resource, release)
        if fhir_json.is_same(without_stamp(before), without_stamp(resource)):
            return Saved(current, is_new=False)
    parameters = services.search_parameters[release.name]
    if type_name == "SearchParameter":
        require_usable(resource, parameters)
    version_id, now = _next(current, services)
    body = stamp(resource, version_id, now)
    version = StoredVersion(type_name, logical_id, version_id, now, body, method)
    transaction.put(release.name, version, index_rows(resource, parameters))
    return Saved(version, is_new)


def remove(
    transaction: WritableResources, request: Request, logical_id: str, services: Services
) -> StoredVersion | None:
    """Make a deletion the current version; None when there is nothing to delete."""
    release, type_name = request.release, request.type_name
    current = transaction.read(release.name, type_name, logical_id)
    require_conditions(request, current)
    if current is None or current.is_deleted:
        return None
    require_not_owned(transaction, release, type_name, logical_id)
    version_id, now = _next(current, services)
    gone = StoredVersion(type_name, logical_id, version_id, now, None, "DELETE")
    transaction.put(release.name, gone, ())
    return gone


def _next(current: StoredVersion | None, services: Services) -> tuple[int, int]:
    """The next version's id and time: clocks of several machines differ, a history must not run backwards."""
    if current is None:
        return 1, services.now()
    return current.version_id + 1, max(services.now(), current.last_updated)


def require_conditions(request: Request, current: StoredVersion | None) -> None:
    """The conditions of a write, see https://hl7.org/fhir/R4/http.html#concurrency."""
    conditions = request.conditions
    if conditions.if_none_exist and request.method != "POST":
        raise Invalid("If-None-Exist belongs to a create alone.", expression=("http.If-None-Exist",))
    if current is None or current.is_deleted:
        etag, last_modified = None, None
    else:
        etag, last_modified = str(current.version_id), current.last_updated
    require_current(etag, last_modified, conditions.if_match, conditions.if_unmodified_since)
    if conditions.if_none_match and lists("If-None-Match", conditions.if_none_match, etag):
        is_any = ANY in read_etags("If-None-Match", conditions.if_none_match)
        told = "it exists" if is_any else f'the current version is W/"{etag}"'
        raise PreconditionFailed(
            f"If-None-Match: {conditions.if_none_match}, but {told}.", expression=("http.If-None-Match",)
        )


def require_not_owned(
    transaction: WritableResources, release: Release, type_name: str, logical_id: str
) -> None:
    owner = transaction.owner(release.name, type_name, logical_id)
    if owner is not None:
        raise Conflict(
            f"`{type_name}/{logical_id}` belongs to the package {owner.canonical}|{owner.version}, which"
            " alone changes it.",
            issue_code="business-rule",
        )


def require_lifecycle(before: dict[str, Any], after: dict[str, Any], release: Release) -> None:
    """What was published stays published: https://hl7.org/fhir/R4/codesystem-publication-status.html."""
    if becomes_draft(before, after, release) or leaves_retirement(before, after, release):
        raise Unprocessable(
            f"The status was `{before['status']}` and cannot become `{after.get('status')}`: active never"
            " returns to draft, and what is retired stays so.",
            issue_code="business-rule",
            expression=(f"{after['resourceType']}.status",),
        )


def answer(request: Request, version: StoredVersion, status: int, told: str) -> Response:
    """What a write answers: the version, nothing, or words, as `Prefer: return` asks."""
    name = f"{version.type_name}/{version.logical_id}"
    body = version.body
    is_outcome = request.returns == "OperationOutcome"
    if is_outcome:
        issue = Issue("information", "informational", f"{name} {told}: version {version.version_id}.")
        body = fhir_json.dump(outcome((issue,)))
    elif request.returns == "minimal":
        body = None
    return Response(
        body=body,
        status=status,
        location=f"{request.own_base}/{name}/_history/{version.version_id}",
        is_outcome=is_outcome,
        etag=str(version.version_id),
        last_modified=version.last_updated,
    )


def answer_saved(request: Request, saved: Saved) -> Response:
    told = "was created" if saved.is_new else "is up to date"
    return answer(request, saved.version, 201 if saved.is_new else 200, told)
