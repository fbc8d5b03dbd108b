"""The resource that criteria mean: what a conditional create, update, patch, delete or reference looks for.

https://hl7.org/fhir/R4/http.html#ccreate and https://hl7.org/fhir/R4/http.html#cond-update

Nobody else may make what was looked for and not found before the transaction ends, so the type is locked.
"""

from __future__ import annotations

from dataclasses import replace

from fhir_service.errors import Invalid, PreconditionFailed
from fhir_service.exchange import Pairs, Request, Services
from fhir_service.guidance import require_served
from fhir_service.interactions.search_context import search_context
from fhir_service.search.includes import INCLUDE_PARAMETERS
from fhir_service.search.query import RESULT_PARAMETERS, parse_query
from fhir_service.security.guard import authorise
from fhir_service.security.scopes import covered_types
from fhir_service.store.contract import Resources, StoredVersion, WritableResources

_NOT_CRITERIA = (*RESULT_PARAMETERS, *INCLUDE_PARAMETERS, "_summary", "_elements", "_format", "_pretty")


def lock_type(transaction: WritableResources, request: Request, *type_names: str) -> None:
    """Let no other conditional write of these types in until the transaction ends."""
    transaction.lock(*(f"{request.release.name}/{name}" for name in type_names))


def find_one(
    resources: Resources, request: Request, type_name: str, criteria: Pairs, services: Services
) -> StoredVersion | None:
    """The one resource that matches, or None.

    Criteria are always read strictly: one that is left out could select another resource.

    :raises PreconditionFailed: several match
    """
    require_served(type_name, request.release, services)
    allowed = authorise(request.authorization, services.guard, "search-type", type_name)
    if not criteria:
        raise Invalid(f"{request.method} {request.path} needs criteria, such as ?identifier=system|value.")
    for name, _ in criteria:
        if name.partition(":")[0] in _NOT_CRITERIA:
            raise Invalid(f"`{name}` selects no resource.", expression=(f"http.{name}",))
    types = covered_types(allowed, services.types[request.release.name], "s")
    query = parse_query(
        criteria,
        type_name,
        services.search_parameters[request.release.name],
        context=search_context(request, services, resources, types),
        types=types,
    )
    found = resources.search(request.release.name, replace(query, count=2)).matches
    if len(found) > 1:
        shown = "&".join(f"{name}={value}" for name, value in criteria)
        raise PreconditionFailed(
            f"More than one {type_name} matches `{shown}`.", issue_code="multiple-matches"
        )
    return found[0] if found else None
