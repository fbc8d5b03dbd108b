"""$export: everything of some types as NDJSON files, made in the background; this starts it.

https://hl7.org/fhir/uv/bulkdata/export.html#bulk-data-kick-off-request

The answer is 202 with the address to ask how far it is (export_status.py). Of a Patient's compartment or a
Group there is no export here: the operation is the system's alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from fhir_service.errors import Invalid, NotSupported, ServiceError, TypeNotServed
from fhir_service.exchange import Request, Response, Services
from fhir_service.exports.job import Asked
from fhir_service.exports.run import filter_query
from fhir_service.exports.worker import Exports
from fhir_service.fhir.dates import date_range
from fhir_service.fhir.query_string import read_pairs
from fhir_service.guidance import require_served
from fhir_service.operations.declaration import Input, Operation
from fhir_service.operations.invocation import Invocation
from fhir_service.search.includes import INCLUDE_PARAMETERS
from fhir_service.search.query import RESULT_PARAMETERS
from fhir_service.security.guard import authorise, granted_scopes
from fhir_service.security.scopes import covered_types

STATUS = "$export-status"
NEEDS = "rs"
FORMATS = ("application/fhir+ndjson", "application/ndjson", "ndjson")

# A comma also separates the values of a query, but not `Type?`.
_BETWEEN_FILTERS = re.compile(r",(?=[A-Z][A-Za-z]*\?)")


def handle(invocation: Invocation, services: Services) -> Response:
    request = invocation.request
    if not request.is_asynchronous:
        raise Invalid(
            "An export is made in the background only: send `Prefer: respond-async`.",
            issue_code="required",
            expression=("http.Prefer",),
        )
    _require_format(invocation)
    asked = _asked(invocation, services)
    job_id = services.new_id()
    exports_of(services).accept(job_id, asked)
    return Response(
        body=None, status=202, location=f"{own_base(request)}/{STATUS}/{job_id}", is_personal=True
    )


def exports_of(services: Services) -> Exports:
    assert services.exports is not None, "wired in create_app"
    return services.exports


def own_base(request: Request) -> str:
    """The base of the release itself: at `/fhir` a later request might mean another one."""
    return f"{request.base}/{request.release.name}" if len(request.offers) > 1 else request.base


def _require_format(invocation: Invocation) -> None:
    asked = invocation.arguments.one("_outputFormat")
    # In a query string `+` means a space.
    if asked is not None and asked.replace(" ", "+") not in FORMATS:
        raise invocation.refusal(
            "_outputFormat",
            f"`{asked}` is not supported; allowed: {', '.join(FORMATS)}.",
            issue_code="not-supported",
            error=NotSupported,
        )


def _asked(invocation: Invocation, services: Services) -> Asked:
    request, given = invocation.request, invocation.arguments.one("_since")
    types = _types(invocation, services)
    filters: dict[str, tuple[str, ...]] = {}
    for type_name, query in _filters(invocation):
        if type_name not in types:
            raise invocation.refusal("_typeFilter", f"`{type_name}` is not among the types of the export.")
        filters[type_name] = (*filters.get(type_name, ()), query)
    query_string = f"?{urlencode(request.parameters)}" if request.parameters else ""
    asked = Asked(
        release=request.release.name,
        types=types,
        since=None if given is None else date_range(given)[0],
        filters=filters,
        request=f"{request.base}/{request.path}{query_string}",
        base=request.base,
    )
    for type_name in filters:
        _require_readable(invocation, asked, type_name, services)
    return asked


def _types(invocation: Invocation, services: Services) -> tuple[str, ...]:
    """The types asked for, or all that are served, as far as the caller may read and search them."""
    request = invocation.request
    named = [name for text in invocation.arguments.all("_type") for name in text.split(",")]
    if named:
        for name in named:
            try:
                require_served(name, request.release, services)
            except TypeNotServed as error:
                told = error.issues[0].diagnostics
                raise invocation.refusal(
                    "_type", told, issue_code="not-supported", error=NotSupported
                ) from None
            authorise(request.authorization, services.guard, "operation", name, needs=NEEDS)
        return tuple(sorted(set(named)))
    scopes = granted_scopes(request.authorization, services.guard)
    served = services.types[request.release.name]
    covered = covered_types(scopes, served, "r") & covered_types(scopes, served, "s")
    if not covered:
        authorise(request.authorization, services.guard, "operation", needs=NEEDS)  # says what is missing
    return tuple(sorted(covered))


def _filters(invocation: Invocation) -> Iterator[tuple[str, str]]:
    """(type, query) of each filter."""
    for text in invocation.arguments.all("_typeFilter"):
        for one in _BETWEEN_FILTERS.split(text):
            type_name, mark, query = one.partition("?")
            if not mark or not query:
                raise invocation.refusal(
                    "_typeFilter", f"`{one}` is no search; write it as Medication?code=5666."
                )
            for name, _ in read_pairs(query):
                if name in RESULT_PARAMETERS or name.partition(":")[0] in INCLUDE_PARAMETERS:
                    raise invocation.refusal(
                        "_typeFilter",
                        f"`{name}` says nothing of which resources are meant.",
                        issue_code="not-supported",
                        error=NotSupported,
                    )
            yield type_name, query


def _require_readable(invocation: Invocation, asked: Asked, type_name: str, services: Services) -> None:
    """Refuse a filter now, and not when nobody is there to be told."""
    try:
        filter_query(asked, type_name, services.search_parameters[asked.release], services.now())
    except ServiceError as error:
        first = error.issues[0]
        raise invocation.refusal(
            "_typeFilter", first.diagnostics, issue_code=first.code, error=type(error)
        ) from None


def _refused(name: str, type_name: str, documentation: str) -> Input:
    return Input(name, type_name, documentation, supported=False, maximum=None)


OPERATION = Operation(
    code="export",
    canonical="http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
    title="Export in bulk",
    documentation=(
        "Everything of some types as NDJSON files, made in the background: needs `Prefer: respond-async`, "
        "and answers 202 with the address to ask how far it is."
    ),
    levels=("system",),
    handle=handle,
    inputs=(
        Input("_outputFormat", "string", f"The format of the files: {', '.join(FORMATS)}."),
        Input("_since", "instant", "Only what was changed later than this."),
        Input("_type", "string", "The types to export, separated by commas; by default all.", maximum=None),
        Input(
            "_typeFilter",
            "string",
            "A search that resources of its type must match, as Medication?code=5666; of several, one.",
            maximum=None,
        ),
        _refused("_elements", "string", "Resources are exported whole."),
        _refused("patient", "Reference", "There is no export of patients here."),
        _refused("includeAssociatedData", "code", "Provenance is a type like any other: use `_type`."),
        _refused("organizeOutputBy", "string", "Files are by type."),
        _refused("allowPartialManifests", "boolean", "There is one manifest, when the export is complete."),
    ),
    needs="",  # each caller gets what the token covers
    successes=(202,),
    failures=(503,),
)
