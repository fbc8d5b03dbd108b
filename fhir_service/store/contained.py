"""The rows of contained resources: written with their container, and gone with it.

Each has a row in `resource`, of the type `#Medication`, whose id is its place and whose version is that of
its container. See search/contained.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fhir_service.search.contained import MARK, Held
from fhir_service.search.index import IndexRow

if TYPE_CHECKING:
    from fhir_service.store.transaction import Transaction

# The types of contained resources, in a statement that must not meet them.
TYPES = f"SELECT number FROM type WHERE substr(name, 1, 1) = '{MARK}'"

END = chr(ord(MARK) + 1)

# All places within containers `c`: what follows the mark in code point order ends them.
WITHIN = (
    "SELECT h.serial, b.name, h.logical_id FROM resource AS c JOIN type AS t ON t.number = c.type"
    f" JOIN type AS b ON b.release = t.release AND substr(b.name, 1, 1) = '{MARK}'"
    f" JOIN resource AS h ON h.type = b.number AND h.logical_id >= t.name || '/' || c.logical_id || '{MARK}'"
    f" AND h.logical_id < t.name || '/' || c.logical_id || '{END}'"
)


def by_place(rows: Iterable[IndexRow]) -> dict[tuple[str, str], list[IndexRow]]:
    """The rows of what a resource contains, by type and id."""
    found: dict[tuple[str, str], list[IndexRow]] = {}
    for row in rows:
        held = row[4]
        if held:
            found.setdefault(held, []).append(row)
    return found


def serials(transaction: Transaction, containers: Sequence[int]) -> list[tuple[int, Held]]:
    """The rows of what these resources contain."""
    marks = ", ".join("?" * len(containers))
    found = transaction.execute(f"{WITHIN} WHERE c.serial IN ({marks})", containers)
    return [
        (serial, Held(type_name.removeprefix(MARK), found_id.partition(MARK)[2]))
        for serial, type_name, found_id in found
    ]
