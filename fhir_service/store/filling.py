"""Filling an empty store: index rows are put aside as they come, and sorted into the index at the end.

    start     nothing was ever stored -> a table beside each index table, without any key
    append    rows go to the end of those tables (bulk.py)
    finish    for each index table, a transaction: drop its secondary indexes, insert the rows in the order of
              its key, build the indexes, drop the table beside it, enter its values into the vocabulary;
              the full text, which takes as long as all the others, at the same time as they

A b-tree that is written in its own order is written once. What is interrupted anywhere goes on from there:
the property FILLING names the tables whose rows are still aside. While it stands nobody searches
(parameters.py); reading, history and the writes of clients are not hindered.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from fhir_service.search.param_types import PARAM_TYPES
from fhir_service.store import vocabulary
from fhir_service.store.database import DEFINITIONS, FILLING, Database
from fhir_service.store.relational import RelationalStore
from fhir_service.store.schema import INDEX_TABLES
from fhir_service.store.transaction import Transaction

LOCK = "bulk-load"
"""Who holds it loads, or finishes what a load left (`Database.exclusive`)."""

ASIDE = {kind: f"aside_{kind}" for kind in (*PARAM_TYPES, "text")}
"""The table beside each index table, and beside the one of the full text."""


def kinds_aside(transaction: Transaction) -> list[str]:
    """The kinds of index rows that are put aside while the store is being filled; else none."""
    return (transaction.property(FILLING) or "").split()


class Step(NamedTuple):
    """What `finish` is about to do: `rows` of the kind, of which `done` of `total` are in their place."""

    kind: str
    done: int
    total: int


def is_filling(store: RelationalStore) -> bool:
    """Whether index rows are aside: of a load that goes on, or of one that was interrupted."""
    return bool(store.rows("SELECT 1 FROM property WHERE name = ?", FILLING))


def start(store: RelationalStore, properties: dict[str, str]) -> bool:
    """Fill the store, if nothing was ever stored in it; says whether it is being filled (now or already).

    The properties are those of a store that has all it holds in its index.
    """
    with store.write() as transaction:
        transaction.expect_much()
        transaction.lock(DEFINITIONS)  # no other writer is in the middle of a first resource
        if transaction.property(FILLING) is not None:
            return True
        if transaction.execute("SELECT 1 FROM resource LIMIT 1"):
            return False
        kinds = [kind for kind in ASIDE if kind != "text" or store.database.FILLS_TEXT_LAST]
        for statement in (*map(_create, kinds), *store.database.TEXT_FILLING[0]):
            transaction.execute(statement)
        for name, value in properties.items():
            transaction.set_property(name, value)
        transaction.set_property(FILLING, " ".join(kinds))
    return True


def _create(kind: str) -> str:
    if kind == "text":
        return f"CREATE TABLE {ASIDE[kind]} (resource BIGINT, narrative VARCHAR, content VARCHAR)"
    return f"CREATE TABLE {ASIDE[kind]} AS SELECT * FROM index_{kind} WHERE 1 = 0"


def finish(store: RelationalStore) -> Iterator[Step]:
    """Sort into the index what is aside; yields before each step what it is, and at last that all is done."""
    with store.write() as transaction:
        kinds = kinds_aside(transaction)
        rows = {kind: transaction.execute(f"SELECT count(*) FROM {ASIDE[kind]}")[0][0] for kind in kinds}
    done, total = 0, sum(rows.values())
    with ThreadPoolExecutor(1) as beside:
        text = [beside.submit(_build, store, kind) for kind in kinds if kind == "text"]
        for kind in kinds:
            yield Step(kind, done, total)
            if kind == "text":
                text[0].result()
            else:
                _build(store, kind)
            done += rows[kind]
    if kinds:
        yield Step("", done, total)
        store.tidy()


def _leave(transaction: Transaction, database: Database, kind: str) -> None:
    transaction.lock(FILLING)  # another kind is built at the same time
    kinds = [one for one in kinds_aside(transaction) if one != kind]
    if kinds:
        transaction.set_property(FILLING, " ".join(kinds))
        return
    for statement in (*database.TEXT_FILLING[1], f"DELETE FROM property WHERE name = '{FILLING}'"):
        transaction.execute(statement)


# Rows of a resource that has a second version are those of its first: its own were written since.
_OF_CURRENT = "a.resource NOT IN (SELECT resource FROM version WHERE version_id > 1)"


def _build(store: RelationalStore, kind: str) -> None:
    with store.write() as transaction:
        _sort_in(transaction, store.database, kind)
        _leave(transaction, store.database, kind)


def _sort_in(transaction: Transaction, database: Database, kind: str) -> None:
    table = "full_text" if kind == "text" else f"index_{kind}"
    transaction.expect_much()
    indexes = transaction.secondary_indexes(table)
    for name in indexes:
        transaction.execute(f"DROP INDEX {name}")
    transaction.execute(_insert_text(database) if kind == "text" else _insert_sorted(kind))
    for statement in indexes.values():
        transaction.execute(statement)
    transaction.execute(f"DROP TABLE {ASIDE[kind]}")
    for statement in vocabulary.fill(kind):
        transaction.execute(statement)


def _insert_sorted(kind: str) -> str:
    table = INDEX_TABLES[kind]
    columns = ", ".join(column.name for column in table.columns)
    order = ", ".join(column.name for column in table.primary_key.columns)
    return (
        f"INSERT INTO index_{kind} ({columns}) SELECT {columns} FROM {ASIDE[kind]} AS a WHERE {_OF_CURRENT}"
        f" ORDER BY {order} ON CONFLICT DO NOTHING"
    )


def _insert_text(database: Database) -> str:
    return (
        f"INSERT INTO full_text (rowid, narrative, content) SELECT a.resource, {', '.join(database.TEXT)}"
        f" FROM {ASIDE['text']} AS a WHERE {_OF_CURRENT} ORDER BY a.resource"
    )
