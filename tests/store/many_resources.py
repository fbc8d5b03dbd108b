"""A store with 100,000 resources, made in seconds: some by the real writer, the others copied by SQL.

A copy has an id, identifiers, references and dates of its own; codes stay as skewed as the corpus has them.
Index rows are put aside and sorted in at the end, as a first load does it (store/filling.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.corpus import resources
from fhir_service.formats import fhir_json
from fhir_service.releases import R4
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.store import filling
from fhir_service.store.bulk import Prepared, insert_new
from fhir_service.store.contract import StoredVersion
from fhir_service.store.relational import RelationalStore
from fhir_service.store.schema import WRITTEN
from fhir_service.store.transaction import Transaction

PARAMETERS = SearchParameters(R4)

_WRITTEN = 2_000
_COPIES = 49
_DAY = 86_400_000_000

# Others have no rows, so that the test does not take longer than it must.
_SEARCHED = frozenset(
    ("active", "address", "birthdate", "code", "family", "given", "identifier", "name")
    + ("recorded-date", "status", "subject", "title", "url")
)

# Column by column, what stands in the copy numbered n.
_RESOURCE = {
    "serial": f"a.serial + n * {_WRITTEN}",
    "type": "a.type",
    "logical_id": "a.logical_id || '-' || n",
    "current_version": f"a.current_version + n * {_WRITTEN}",
    "last_updated": f"a.last_updated + n * {_DAY}",
    "is_deleted": "a.is_deleted",
}
_VERSION = {
    "serial": f"a.serial + n * {_WRITTEN}",
    "type": "a.type",
    "resource": f"a.resource + n * {_WRITTEN}",
    "version_id": "a.version_id",
    "last_updated": f"a.last_updated + n * {_DAY}",
    "method": "a.method",
    "body": "?",
    "logical_id": "a.logical_id || '-' || n",
}
_TEXT = {"resource": f"a.resource + n * {_WRITTEN}", "narrative": "'copy'", "content": "'copy ' || n"}
_OWN = {
    "token": {"code": "CASE WHEN substr(a.code, 1, 2) = 'M0' THEN a.code || '-' || n ELSE a.code END"},
    "string": {"folded": "CASE WHEN length(a.folded) > 20 THEN n || ' ' || a.folded ELSE a.folded END"},
    "uri": {"uri": "a.uri || '-' || n"},
    "reference": {"target": "CASE WHEN a.target_type = '' THEN a.target ELSE a.target || '-' || n END"},
    "date": {"low": f"a.low + n * {_DAY}", "high": f"a.high + n * {_DAY}"},
}


def fill(store: RelationalStore) -> None:
    """Into an empty store."""
    filling.start(store, {})
    with store.write() as transaction:
        transaction.expect_much()
        kinds = filling.kinds_aside(transaction)
        insert_new(transaction, "r4", list(_prepared()), kinds)
        _copy(transaction, "resource", _RESOURCE)
        _copy(transaction, "version", _VERSION, b"{}")
        for kind in kinds:
            _copy(transaction, filling.ASIDE[kind], _TEXT if kind == "text" else _index_row(kind))
        if "text" not in kinds:
            transaction.execute(
                "INSERT INTO full_text (rowid, narrative, content)"
                " SELECT serial, 'copy', 'copy' FROM resource WHERE serial > ?",
                (_WRITTEN,),
            )
    for _ in filling.finish(store):
        pass  # it tidies up at last


def _prepared() -> Iterator[Prepared]:
    for number, resource in enumerate(resources(_WRITTEN)):
        body = fhir_json.dump(resource)
        version = StoredVersion(resource["resourceType"], resource["id"], 1, number * 1_000, body)
        rows = index_rows(resource, PARAMETERS)
        yield Prepared(version, [row for row in rows if row[0] == "text" or row[1] in _SEARCHED])


def _index_row(kind: str) -> dict[str, str]:
    own = {"resource": f"a.resource + n * {_WRITTEN}", **_OWN.get(kind, {})}
    return {column: own.get(column, f"a.{column}") for column in WRITTEN[f"index_{kind}"]}


def _copy(transaction: Transaction, table: str, row: Mapping[str, str], *values: Any) -> None:
    numbers = f"WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {_COPIES})"
    transaction.execute(
        f"INSERT INTO {table} ({', '.join(row)}) {numbers}"
        f" SELECT {', '.join(row.values())} FROM copy CROSS JOIN {table} AS a",
        values,
    )
