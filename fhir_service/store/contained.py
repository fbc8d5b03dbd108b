"""The rows of contained resources: written with their container, and gone with it.

Each has a row in `resource`, of the type `#Medication`, whose id is its place and whose version is that of
its container. See search/contained.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fhir_service.search.contained import MARK, Held
from fhir_service.search.index import IndexRow

if TYPE_CHECKING:
    from fhir_service.store.transaction import Transaction

# The types of contained resources, in a statement that must not meet them.
TYPES = f"SELECT number FROM type WHERE substr(name, 1, 1) = '{MARK}'"

_TYPES_BESIDE = (
    "SELECT h.number FROM resource AS r JOIN type AS t ON t.number = r.type"
    f" JOIN type AS h ON h.release = t.release WHERE r.serial = ? AND substr(h.name, 1, 1) = '{MARK}'"
)


def keep(transaction: Transaction, release: str, container: int, rows: Iterable[IndexRow]) -> None:
    """Index what a resource contains, whose own row is up to date."""
    by_held: dict[tuple[str, str], list[IndexRow]] = {}
    for row in rows:
        if row.held:
            by_held.setdefault(row.held, []).append(row)
    if not by_held:
        return
    name, logical_id, version, last_updated = transaction.execute(
        "SELECT t.name, r.logical_id, r.current_version, r.last_updated FROM resource AS r"
        " JOIN type AS t ON t.number = r.type WHERE r.serial = ?",
        (container,),
    )[0]
    for (type_name, held_id), held_rows in by_held.items():
        place = f"{name}/{logical_id}{MARK}{held_id}"
        serial = transaction.execute(
            "INSERT INTO resource (type, logical_id, current_version, last_updated, is_deleted)"
            " VALUES (?, ?, ?, ?, ?) RETURNING serial",
            (transaction.type_number(release, MARK + type_name), place, version, last_updated, False),
        )[0][0]
        transaction.insert_rows(release, MARK + type_name, serial, held_rows)


def serials(transaction: Transaction, container: int) -> list[tuple[int, Held]]:
    """The rows of what a resource contains."""
    types = [row[0] for row in transaction.execute(_TYPES_BESIDE, (container,))]
    if not types:
        return []
    name, logical_id = transaction.execute(
        "SELECT t.name, r.logical_id FROM resource AS r JOIN type AS t ON t.number = r.type"
        " WHERE r.serial = ?",
        (container,),
    )[0]
    place = f"{name}/{logical_id}"
    marks = ", ".join("?" * len(types))
    # All places within it: what follows the mark in code point order ends them.
    found = transaction.execute(
        f"SELECT r.serial, t.name, r.logical_id FROM resource AS r JOIN type AS t ON t.number = r.type"
        f" WHERE r.type IN ({marks}) AND r.logical_id >= ? AND r.logical_id < ?",
        (*types, place + MARK, place + chr(ord(MARK) + 1)),
    )
    return [
        (serial, Held(type_name.removeprefix(MARK), found_id.partition(MARK)[2]))
        for serial, type_name, found_id in found
    ]


def forget(transaction: Transaction, container: int) -> None:
    for serial, _ in serials(transaction, container):
        transaction.delete_rows(serial)
        transaction.execute("DELETE FROM resource WHERE serial = ?", (serial,))
