"""Writing many resources at once: what is new goes in by whole batches, without a look at each.

Rows are numbered before they are inserted, so that a batch is one statement a table.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any, NamedTuple

from fhir_service.search.index import IndexRow, PlainRow
from fhir_service.store import contained
from fhir_service.store.contract import StoredVersion
from fhir_service.store.filling import ASIDE
from fhir_service.store.transaction import INSERTS, Transaction, index_columns


class Prepared(NamedTuple):
    """A first version that is ready to be stored, with its index rows."""

    version: StoredVersion
    rows: Sequence[IndexRow | PlainRow]


def known_ids(transaction: Transaction, release: str, type_name: str, ids: Sequence[str]) -> set[str]:
    """Which of these logical ids were ever used."""
    type_number = transaction.type_number(release, type_name)
    found: set[str] = set()
    for start in range(0, len(ids), 500):
        chunk = ids[start : start + 500]
        marks = ", ".join("?" * len(chunk))
        rows = transaction.execute(
            f"SELECT logical_id FROM resource WHERE type = ? AND logical_id IN ({marks})",
            (type_number, *chunk),
        )
        found.update(row[0] for row in rows)
    return found


def insert_new(
    transaction: Transaction, release: str, batch: Sequence[Prepared], aside: Container[str] = ()
) -> list[int]:
    """Store first versions of ids that were never used; gives the numbers of their resource rows.

    Index rows of the kinds in `aside` are put aside (filling.py).
    """
    resources = transaction.reserve("resource", len(batch))
    versions = transaction.reserve("version", len(batch))
    types = [transaction.type_number(release, prepared.version.type_name) for prepared in batch]
    transaction.append(
        "resource",
        ("serial", "type", "logical_id", "current_version", "last_updated", "is_deleted"),
        [
            (serial, type_number, one.version.logical_id, version, one.version.last_updated, False)
            for serial, type_number, one, version in zip(resources, types, batch, versions, strict=True)
        ],
    )
    transaction.append(
        "version",
        ("serial", "type", "resource", "version_id", "last_updated", "method", "body"),
        [
            (version, number, serial, 1, one.version.last_updated, one.version.method, one.version.body)
            for version, number, serial, one in zip(versions, types, resources, batch, strict=True)
        ],
    )
    for kind, values in _by_table(transaction, release, resources, batch).items():
        if kind in aside:
            columns = ("resource", "narrative", "content") if kind == "text" else index_columns(kind)
            transaction.append(ASIDE[kind], columns, values)
        elif kind == "text":
            transaction.execute_many(transaction.insert_text, values)
        else:
            # In the order of the key, so that neighbours in the b-tree are written together.
            transaction.execute_many(INSERTS[kind], _in_key_order(values))
    for serial, one in zip(resources, batch, strict=True):
        held = [IndexRow(*row) for row in one.rows if row[-1]]
        contained.keep(transaction, release, serial, held)
    if any(one.version.type_name == "SearchParameter" for one in batch):
        transaction.note_definitions()
    return resources


def _by_table(
    transaction: Transaction, release: str, resources: Iterable[int], batch: Iterable[Prepared]
) -> dict[str, list[tuple[Any, ...]]]:
    by_table: dict[str, list[tuple[Any, ...]]] = {}
    for serial, one in zip(resources, batch, strict=True):
        type_name = one.version.type_name
        for table, code, element, columns, held in one.rows:
            if held:
                continue  # they are rows of a resource within this one
            rows = by_table.setdefault(table, [])
            if table == "text":
                rows.append((serial, *columns))
            else:
                parameter = transaction.register(release, type_name, code, "")
                rows.append((parameter, serial, element, *columns))
    return by_table


def _in_key_order(values: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(values, key=lambda row: (row[0], row[3], row[1]))
