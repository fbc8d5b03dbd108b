"""What a transaction writes: collected, and written together before it reads again or is committed.

    old index rows   those of resources that were there before, and of what they contained
    numbers          of new rows in `resource` and `version`, asked for at once
    new rows         table by table

A transaction Bundle of a hundred resources so costs hardly more questions than a single create. Versions get
their numbers last, when all that is written is locked: history is in the order of these numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fhir_service.search.contained import MARK
from fhir_service.search.index import IndexRow
from fhir_service.store import contained, vocabulary
from fhir_service.store.contract import StoredVersion
from fhir_service.store.schema import INDEX_TABLES, MOVED

if TYPE_CHECKING:
    from fhir_service.store.transaction import Transaction

_TABLES = {kind: table.name for kind, table in INDEX_TABLES.items()}

MOST = 200
"""How many resources are collected at most."""


class Put(NamedTuple):
    """A version that becomes the current one of a resource whose row has this serial, or none yet."""

    release: str
    serial: int | None
    version: StoredVersion
    rows: list[IndexRow]


class Placed(NamedTuple):
    """A row of `resource`, as it will be."""

    release: str
    type_name: str
    logical_id: str
    serial: int
    current_version: int
    last_updated: int


class NewRows:
    """Rows to be inserted, by table (schema.WRITTEN)."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.by_table: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._numbers: dict[tuple[str, str], dict[str, int]] = {}
        """of search parameters, by release and type: there are some 25 index rows a resource"""
        self._suffixed: set[int] = set()
        """the parameters whose values are in no vocabulary"""

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """By table, with what they add to the vocabulary."""
        return {**self.by_table, "vocabulary": vocabulary.entries(self.by_table, self._suffixed)}

    def add(self, placed: Placed, rows: Sequence[IndexRow], serials: Iterator[int]) -> None:
        """The index rows of a resource, and of what it contains."""
        self.add_own(placed, rows)
        self.add_contained(placed, rows, serials)

    def add_own(self, placed: Placed, rows: Sequence[IndexRow]) -> None:
        own = [row for row in rows if not row[4]]
        self._add_index(placed.release, placed.type_name, placed.serial, own)

    def add_contained(self, placed: Placed, rows: Sequence[IndexRow], serials: Iterator[int]) -> None:
        """Each with a row of its own in `resource`."""
        for (type_name, logical_id), held in contained.by_place(rows).items():
            serial, own_type = next(serials), MARK + type_name
            place = f"{placed.type_name}/{placed.logical_id}{MARK}{logical_id}"
            number = self._transaction.type_number(placed.release, own_type)
            state = (placed.current_version, placed.last_updated, False)
            self.by_table["resource"].append((serial, number, place, *state))
            self._add_index(placed.release, own_type, serial, held)

    def _add_index(self, release: str, type_name: str, serial: int, rows: Iterable[IndexRow]) -> None:
        by_table = self.by_table
        numbers = self._numbers.setdefault((release, type_name), {})
        for kind, code, element, columns, _ in rows:
            if kind == "text":
                by_table["full_text"].append((serial, *columns))
                continue
            number = numbers.get(code)
            if number is None:
                number = numbers[code] = self._transaction.parameter_number(release, type_name, code)
                if not vocabulary.is_kept(code):
                    self._suffixed.add(number)
            by_table[_TABLES[kind]].append((number, serial, element, *columns))


def write(transaction: Transaction, puts: Sequence[Put]) -> None:
    known = [put.serial for put in puts if put.serial is not None]
    if known:
        transaction.delete_index_rows(known)
    held = count_contained(put.rows for put in puts)
    resources, versions = transaction.reserve(len(puts) - len(known) + held, len(puts))
    new, serials = NewRows(transaction), iter(resources)
    for put, version in zip(puts, versions, strict=True):
        _add(new, transaction, put, version, serials)
    transaction.insert(new.rows())


def replace(transaction: Transaction, found: Sequence[tuple[Placed, list[IndexRow]]]) -> None:
    """Only the index rows of these resources."""
    if not found:
        return
    transaction.delete_index_rows([placed.serial for placed, _ in found])
    new = NewRows(transaction)
    serials = iter(transaction.reserve(count_contained(rows for _, rows in found), 0)[0])
    for placed, rows in found:
        new.add(placed, rows, serials)
    transaction.insert(new.rows())


def count_contained(rows: Iterable[Sequence[IndexRow]]) -> int:
    return sum(len(contained.by_place(of_one)) for of_one in rows)


def _add(new: NewRows, transaction: Transaction, put: Put, number: int, serials: Iterator[int]) -> None:
    version = put.version
    type_number = transaction.type_number(put.release, version.type_name)
    state = (number, version.last_updated, version.is_deleted)
    serial = put.serial
    if serial is None:
        serial = next(serials)
        new.by_table["resource"].append((serial, type_number, version.logical_id, *state))
    else:
        new.by_table[MOVED].append((serial, *state))
    method = "DELETE" if version.is_deleted else version.method
    new.by_table["version"].append(
        (
            number,
            type_number,
            serial,
            version.version_id,
            version.last_updated,
            method,
            version.body,
            version.logical_id,
        )
    )
    placed = Placed(put.release, version.type_name, version.logical_id, serial, number, version.last_updated)
    new.add(placed, put.rows, serials)
