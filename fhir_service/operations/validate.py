"""$validate: whether a resource is valid, to its release and to profiles, and would be accepted.

https://hl7.org/fhir/R4/resource-operation-validate.html

    mode        level      resource   checked
    (none)      both       given      the resource; at instance level without one the stored version
    create      type       given      the resource, and whether it could be created
    update      instance   given      the resource, and whether it could become the next version
    profile     instance   none       the stored version, against the profile that must be named
    delete      instance   ignored    whether the stored version could be deleted

The answer is an OperationOutcome with the status 200 however bad the resource is; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fhir_service.errors import Contended, Gone, Issue, NotFound, ServiceError
from fhir_service.exchange import Services
from fhir_service.fhir.outcome import outcome
from fhir_service.interactions import writing
from fhir_service.operations.declaration import EVERY_TYPE, Input, Operation, Output
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.membership import membership
from fhir_service.operations.stored import Stored
from fhir_service.profiles import Profiles
from fhir_service.search.custom import require_usable
from fhir_service.store.contract import StoredVersion, WritableResources

_BROKEN = ("structure", "too-long")
_FINE = Issue("information", "informational", "No problem was found.")

Resource = dict[str, Any]
Check = Callable[[WritableResources], None]


def handle(invocation: Invocation, services: Services) -> Resource:
    issues = list(_BY_MODE[invocation.arguments.one("mode")](invocation, services))
    return outcome(issues or [_FINE])


def _in_general(invocation: Invocation, services: Services) -> Iterator[Issue]:
    resource = invocation.arguments.one("resource")
    if resource is None and invocation.level == "type":
        raise invocation.refusal("resource", "it is needed to be validated.", issue_code="required")
    if resource is None:
        resource = _stored_resource(invocation, services)
    return _validated(_of_type(resource, invocation), invocation, services)


def _as_create(invocation: Invocation, services: Services) -> Iterator[Issue]:
    if invocation.level == "instance":
        raise invocation.refusal("mode", "`create` is for [type]/$validate: what is created has no id yet.")
    resource = _given(invocation)
    return _validated(
        resource, invocation, services, lambda transaction: _require_usable(resource, invocation, services)
    )


def _as_update(invocation: Invocation, services: Services) -> Iterator[Issue]:
    _require_instance(invocation, "update")
    resource, logical_id = _given(invocation), invocation.request.logical_id

    def accept(transaction: WritableResources) -> None:
        writing.require_id(resource, logical_id)
        type_name, release = resource["resourceType"], invocation.release
        writing.require_not_owned(transaction, release, type_name, logical_id)
        current = transaction.read(release.name, type_name, logical_id)
        before = Stored.of(invocation, services).resource(current)
        if before is not None:
            writing.require_lifecycle(before, resource, release)
        _require_usable(resource, invocation, services)

    return _validated(resource, invocation, services, accept)


def _as_delete(invocation: Invocation, services: Services) -> Iterator[Issue]:
    request = invocation.request
    _require_instance(invocation, "delete")
    _stored(invocation, services)
    return _acceptable(
        lambda transaction: writing.require_not_owned(
            transaction, request.release, request.type_name, request.logical_id
        ),
        services,
    )


def _as_profiled(invocation: Invocation, services: Services) -> Iterator[Issue]:
    _require_instance(invocation, "profile")
    if "resource" in invocation.arguments:
        raise invocation.refusal("resource", "with the mode `profile` the stored version is validated.")
    if "profile" not in invocation.arguments:
        raise invocation.refusal("profile", "the mode `profile` needs it.", issue_code="required")
    return _validated(_stored_resource(invocation, services), invocation, services)


_BY_MODE: dict[str | None, Callable[[Invocation, Services], Iterator[Issue]]] = {
    None: _in_general,
    "create": _as_create,
    "update": _as_update,
    "delete": _as_delete,
    "profile": _as_profiled,
}


def _validated(
    resource: Resource, invocation: Invocation, services: Services, write: Check | None = None
) -> Iterator[Issue]:
    """What the gate says, then why a write would be refused, then the profiles.

    A write that the gate refuses goes no further; profiles are for what has a sound structure.
    """
    stored = Stored.of(invocation, services)
    profiles = Profiles(
        invocation.release,
        lambda canonical: stored.canonical("StructureDefinition", canonical),
        membership(invocation, services),
    )
    asked = invocation.arguments.one("profile")
    if asked is not None:
        _require_usable_profile(asked, profiles, invocation)
    issues: Sequence[Issue] = services.validate(invocation.release, resource)
    yield from issues
    if write is not None and not any(issue.severity in ("error", "fatal") for issue in issues):
        yield from _acceptable(write, services)
    if any(issue.code in _BROKEN for issue in issues):
        told = "The profiles were not checked, because the structure is not sound."
        yield Issue("information", "informational", told)
    else:
        yield from profiles.validate(resource, () if asked is None else (asked,))


def _require_usable_profile(canonical: str, profiles: Profiles, invocation: Invocation) -> None:
    """The specification asks for an error, no outcome, when the profile cannot be validated against."""
    reason = profiles.reason(canonical)
    if reason is not None:
        raise invocation.refusal(
            "profile", f"`{canonical}` cannot be validated against: {reason}.", issue_code="not-found"
        )


def _acceptable(check: Check, services: Services) -> Iterator[Issue]:
    """Why a write would be refused, beside what is invalid: no error means that it would succeed."""
    if services.switched_off:
        told = "Nothing can be written here: the operator has set FHIR_SERVICE_WRITES=off."
        yield Issue("error", "not-supported", told)
        return
    try:
        with services.store.write() as transaction:
            check(transaction)
    except Contended:
        raise  # dispatch tries again
    except ServiceError as refused:
        yield from refused.issues


def _require_usable(resource: Resource, invocation: Invocation, services: Services) -> None:
    if resource["resourceType"] == "SearchParameter":
        require_usable(resource, services.search_parameters[invocation.release.name])


def _given(invocation: Invocation) -> Resource:
    resource = invocation.arguments.one("resource")
    if resource is None:
        mode = invocation.arguments.one("mode")
        raise invocation.refusal("resource", f"the mode `{mode}` needs it.", issue_code="required")
    return _of_type(resource, invocation)


def _of_type(resource: Resource, invocation: Invocation) -> Resource:
    wanted = invocation.request.type_name
    found = resource.get("resourceType") if isinstance(resource, dict) else None
    if found != wanted:
        told = f"it is a {found}" if found else "it has no resourceType"
        raise invocation.refusal("resource", f"{told}, the URL names {wanted}.", issue_code="structure")
    return resource


def _require_instance(invocation: Invocation, mode: str) -> None:
    if invocation.level != "instance":
        raise invocation.refusal(
            "mode", f"`{mode}` is for [type]/[id]/$validate: it is about what is stored."
        )


def _stored_resource(invocation: Invocation, services: Services) -> Resource:
    found = Stored.of(invocation, services).resource(_stored(invocation, services))
    assert found is not None  # as it is not deleted
    return found


def _stored(invocation: Invocation, services: Services) -> StoredVersion:
    request = invocation.request
    found = services.store.read(request.release.name, request.type_name, request.logical_id)
    if found is None:
        raise NotFound(f"Resource `{request.type_name}/{request.logical_id}` is not known.")
    if found.is_deleted:
        raise Gone(f"Resource `{request.type_name}/{request.logical_id}` was deleted.")
    return found


OPERATION = Operation(
    code="validate",
    canonical="http://hl7.org/fhir/OperationDefinition/Resource-validate",
    title="Validate a resource",
    documentation="Whether a resource is valid, to its release and to profiles, and would be accepted. What"
    " cannot be checked is said in an issue; nothing is stored.",
    levels=("type", "instance"),
    types=EVERY_TYPE,
    handle=handle,
    inputs=(
        Input(
            "resource",
            "Resource",
            "The resource to validate; not with the mode `profile`.",
            checked=False,
        ),
        Input(
            "mode",
            "code",
            "What it is validated for: create, update, delete, profile.",
            allowed=("create", "update", "delete", "profile"),
        ),
        Input(
            "profile", "canonical", "A profile to validate against, beside those that the resource claims."
        ),
        Input(
            "usageContext",
            "UsageContext",
            "Additional bindings, which it is about, are not checked.",
            maximum=None,
            names={"r4": None, "r4b": None},
            supported=False,
        ),
    ),
    outputs=(Output("return", "OperationOutcome", "What was found.", minimum=1),),
    personal=True,
    needs="r",
)
