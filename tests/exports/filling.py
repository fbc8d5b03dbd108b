"""Stores with many resources, quickly made: without index rows, which an export does not read."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fhir_service.exports.folder import ExportFolder
from fhir_service.exports.job import Asked
from fhir_service.exports.run import Exporter
from fhir_service.releases import RELEASES
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.store.bulk import Prepared, insert_new
from fhir_service.store.contract import Store, StoredVersion
from fhir_service.store.relational import RelationalStore

PARAMETERS = {name: SearchParameters(release) for name, release in RELEASES.items()}


def now() -> int:
    return time.time_ns() // 1000


def basic(number: int, text: str = "") -> dict[str, Any]:
    return {"resourceType": "Basic", "id": f"b{number}", "code": {"text": text or f"number {number}"}}


def fill(store: RelationalStore, count: int, release: str = "r4") -> None:
    """So many Basic resources b0, b1, ..."""
    for start in range(0, count, 1000):
        batch = [_prepared(basic(number)) for number in range(start, min(start + 1000, count))]
        with store.write() as transaction:
            insert_new(transaction, release, batch)


def _prepared(resource: dict[str, Any]) -> Prepared:
    body = json.dumps(resource, separators=(",", ":")).encode()
    return Prepared(StoredVersion(resource["resourceType"], resource["id"], 1, now(), body), ())


def put(store: RelationalStore, resource: dict[str, Any], release: str = "r4") -> None:
    """A new version, found by search."""
    type_name, logical_id = resource["resourceType"], resource["id"]
    with store.write() as transaction:
        version = _next(transaction, release, type_name, logical_id)
        body = json.dumps(resource, separators=(",", ":")).encode()
        rows = index_rows(resource, PARAMETERS[release])
        transaction.put(release, StoredVersion(type_name, logical_id, version, now(), body), rows)


def delete(store: RelationalStore, type_name: str, logical_id: str, release: str = "r4") -> None:
    with store.write() as transaction:
        version = _next(transaction, release, type_name, logical_id)
        transaction.put(release, StoredVersion(type_name, logical_id, version, now(), None), ())


def _next(transaction: Any, release: str, type_name: str, logical_id: str) -> int:
    current = transaction.read(release, type_name, logical_id)
    return current.version_id + 1 if current else 1


def asked(*types: str, since: int | None = None, **filters: tuple[str, ...]) -> Asked:
    return Asked(
        release="r4",
        types=types or ("Basic",),
        since=since,
        filters=filters,
        request="http://localhost/fhir/r4/$export",
        base="http://localhost/fhir/r4",
    )


def exporter(store: Store, folder: Path) -> Exporter:
    return Exporter(ExportFolder(folder), store, PARAMETERS, now)


def lines(exporter: Exporter, job_id: str, name: str = "Basic") -> list[dict[str, Any]]:
    return list(read_lines(exporter.folder.file(job_id, name).read_bytes()))


def read_lines(ndjson: bytes) -> Iterator[dict[str, Any]]:
    assert ndjson.endswith(b"\n")
    for line in ndjson.splitlines():
        yield json.loads(line)
