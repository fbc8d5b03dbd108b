"""Writing many resources at once: what is new goes in by whole batches, without a look at each.

Rows are numbered before they are inserted, so that a batch is one statement a table.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from fhir_service.search.index import IndexRow
from fhir_service.store.contract import StoredVersion
from fhir_service.store.filling import ASIDE
from fhir_service.store.laid import Laid, Numbers, columns
from fhir_service.store.schema import WRITTEN
from fhir_service.store.transaction import Transaction
from fhir_service.store.writing import NewRows, Placed, count_contained


class Prepared(NamedTuple):
    """A first version that is ready to be stored, with its index rows, or those that are not laid out."""

    version: StoredVersion
    rows: Sequence[IndexRow]


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


def known_numbers(transaction: Transaction, release: str) -> Numbers:
    """Of all search parameters that have one."""
    numbers: Numbers = {}
    for type_name, code, number in transaction.execute(
        "SELECT type, code, number FROM search_parameter WHERE release = ?", (release,)
    ):
        numbers.setdefault(type_name, {})[code] = number
    return numbers


def insert_new(
    transaction: Transaction,
    release: str,
    batch: Sequence[Prepared],
    aside: Collection[str] = (),
    laid: Laid | None = None,
) -> list[int]:
    """Store first versions of ids that were never used; gives the numbers of their resource rows.

    Index rows of the kinds in `aside` are put aside (filling.py); `laid` are those that are laid out for it.
    """
    held_count = count_contained(one.rows for one in batch)
    numbers, versions = transaction.reserve(len(batch) + held_count, len(batch))
    resources, serials = numbers[: len(batch)], iter(numbers[len(batch) :])
    types = [transaction.type_number(release, prepared.version.type_name) for prepared in batch]
    transaction.append(
        "resource",
        WRITTEN["resource"],
        [
            (serial, type_number, one.version.logical_id, version, one.version.last_updated, False)
            for serial, type_number, one, version in zip(resources, types, batch, versions, strict=True)
        ],
    )
    transaction.append(
        "version",
        WRITTEN["version"],
        [
            (version, number, serial, 1, new.last_updated, new.method, new.body, new.logical_id)
            for version, number, serial, (new, _) in zip(versions, types, resources, batch, strict=True)
        ],
    )
    own, held = NewRows(transaction), NewRows(transaction)
    for one, serial, number in zip(batch, resources, versions, strict=True):
        if one.rows:
            version = one.version
            place = Placed(
                release, version.type_name, version.logical_id, serial, number, version.last_updated
            )
            own.add_own(place, one.rows)
            held.add_contained(place, one.rows, serials)
    for kind in aside:
        _put_aside(transaction, kind, own, laid or {}, resources)
    if laid and "text" in laid and "text" not in aside:
        own.by_table["full_text"] += [(resources[place], *words) for place, *words in laid["text"]]
    # In the order of the key, so that neighbours in the b-tree are written together.
    transaction.insert({table: _in_order(table, rows) for table, rows in own.rows().items()})
    transaction.insert(held.rows())
    if any(one.version.type_name == "SearchParameter" for one in batch):
        transaction.note_definitions()
    return resources


def _put_aside(
    transaction: Transaction, kind: str, own: NewRows, laid: Laid, resources: Sequence[int]
) -> None:
    table = "full_text" if kind == "text" else f"index_{kind}"
    names = columns(kind) if kind == "text" else WRITTEN[table]
    transaction.append(ASIDE[kind], names, own.by_table.pop(table, ()))
    transaction.append(ASIDE[kind], columns(kind), laid.get(kind, ()), resources)


def _in_order(table: str, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    if not table.startswith("index_"):
        return rows
    return sorted(rows, key=lambda row: (row[0], row[3], row[1]))
