"""What follows on `$export`: how far it is, the manifest, the files, and its end.

https://hl7.org/fhir/uv/bulkdata/export.html#bulk-data-status-request

    GET    $export-status/[id]            202 with X-Progress and Retry-After, then 200 with the manifest
    DELETE $export-status/[id]            202: it is cancelled, its files are gone
    GET    $export-output/[id]/[type]     the resources of a type, one a line
    GET    $export-deleted/[id]/[type]    Bundles that delete what was deleted since `_since`

No resource type begins with a dollar sign, so that these addresses can mean nothing else.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from fhir_service.errors import NotFound, ServiceError
from fhir_service.exchange import Interaction, Request, Response, Route, Services
from fhir_service.exports.job import Asked, Progress
from fhir_service.exports.worker import KEPT
from fhir_service.fhir.dates import to_instant
from fhir_service.formats import fhir_json
from fhir_service.operations.export import NEEDS, STATUS, exports_of, own_base
from fhir_service.security.guard import authorise, granted_scopes

OUTPUT = "$export-output"
DELETED = "$export-deleted"
NDJSON = "application/fhir+ndjson"

_SECONDS_TO_WAIT = "1"


def status(request: Request, services: Services) -> Response:
    asked, progress = _own_job(request, services)
    if progress.failure:
        raise ServiceError(f"The export failed. {progress.failure}")
    if progress.finished is None:
        told = f"{progress.count} resources; {len(progress.written)} of {len(asked.types)} types begun"
        headers = {"X-Progress": told, "Retry-After": _SECONDS_TO_WAIT}
        return Response(body=None, status=202, headers=headers, is_personal=True)
    return Response(
        body=fhir_json.dump(_manifest(request, services, asked, progress)),
        media_type="application/json",
        headers={"Expires": _http_date(progress.finished + KEPT)},
        is_personal=True,
    )


def cancel(request: Request, services: Services) -> Response:
    _own_job(request, services)
    exports_of(services).remove(request.logical_id)
    return Response(body=None, status=202, is_personal=True)


def output(request: Request, services: Services) -> Response:
    return _file(request, services, request.type_name)


def deleted(request: Request, services: Services) -> Response:
    return _file(request, services, f"{request.type_name}.deleted")


def _file(request: Request, services: Services, name: str) -> Response:
    _, progress = exports_of(services).find(request.logical_id)
    file = exports_of(services).file(request.logical_id, name)
    if progress.finished is None or not file.is_file():
        raise NotFound(
            f"The export `{request.logical_id}` has no such file; its manifest lists those it has."
        )
    headers = {"Expires": _http_date(progress.finished + KEPT)}
    return Response(body=None, file=file, media_type=NDJSON, headers=headers, is_personal=True)


def _own_job(request: Request, services: Services) -> tuple[Asked, Progress]:
    """The job, for who may read every type that is in it."""
    granted_scopes(request.authorization, services.guard)
    asked, progress = exports_of(services).find(request.logical_id)
    for type_name in asked.types:
        authorise(request.authorization, services.guard, "operation", type_name, needs=NEEDS)
    return asked, progress


def _manifest(request: Request, services: Services, asked: Asked, progress: Progress) -> dict[str, Any]:
    base = own_base(request)
    assert progress.at is not None
    manifest: dict[str, Any] = {
        "transactionTime": to_instant(progress.at),
        "request": asked.request,
        "requiresAccessToken": services.guard.reads == "token",
        "output": [
            {"type": name, "url": f"{base}/{OUTPUT}/{request.logical_id}/{name}", "count": one.count}
            for name, one in progress.written.items()
            if one.count
        ],
    }
    if asked.since is not None:
        manifest["deleted"] = [
            {
                "type": "Bundle",
                "url": f"{base}/{DELETED}/{request.logical_id}/{name}",
                "count": one.deleted_count,
            }
            for name, one in progress.written.items()
            if one.deleted_count
        ]
    return manifest | {"error": []}


def _http_date(microseconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(microseconds // 1_000_000, UTC), usegmt=True)


INTERACTIONS = (
    Interaction(
        code="export-status",
        level="export",
        routes=(Route("GET", f"{STATUS}/{{id}}"),),
        summary="How far an export is, and when it is complete its files",
        handle=status,
        successes=(200, 202),
        needs="",
    ),
    Interaction(
        code="export-cancel",
        level="export",
        routes=(Route("DELETE", f"{STATUS}/{{id}}"),),
        summary="The end of an export and its files",
        handle=cancel,
        successes=(202,),
        needs="",
    ),
    Interaction(
        code="export-output",
        level="export",
        routes=(Route("GET", f"{OUTPUT}/{{id}}/{{type}}"),),
        summary="The resources of one type in an export",
        handle=output,
        needs="r",
    ),
    Interaction(
        code="export-deleted",
        level="export",
        routes=(Route("GET", f"{DELETED}/{{id}}/{{type}}"),),
        summary="What was deleted of one type, as Bundles",
        handle=deleted,
        needs="r",
    ),
)
