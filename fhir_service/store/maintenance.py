"""Looking after a store while the service answers: indexing everything anew, and checking what is stored.

Both go through the resources in the order of their serial numbers, a few at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeVar

from fhir_service.errors import Contended
from fhir_service.formats import fhir_json
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import IndexRow, index_rows
from fhir_service.search.param_types import PARAM_TYPES
from fhir_service.store import contained, vocabulary
from fhir_service.store.database import DEFINITIONS
from fhir_service.store.parameters import INDEXED, StoredParameters
from fhir_service.store.relational import RelationalStore
from fhir_service.store.schema import NOT_IN_KEY
from fhir_service.store.transaction import Transaction
from fhir_service.store.writing import Placed

BATCH = 100  # a writer of the service waits for one batch at most

SAMPLE = 1_000

T = TypeVar("T")

_ATTEMPTS = 10

# Contained resources are looked after with their containers.
_OF_THEIR_OWN = f"type NOT IN ({contained.TYPES})"


def reindex(store: RelationalStore, parameters: StoredParameters) -> Iterator[tuple[int, int]]:
    """Index all resources by all definitions; yields after each batch how many are done, and of how many.

    Writers go on meanwhile, and index by the same definitions themselves. A definition that is written during
    the run waits for the next one.
    """
    versions = parameters.snapshot().versions
    with store.write() as transaction:
        total = transaction.execute(
            f"SELECT count(*) FROM resource WHERE is_deleted = ? AND {_OF_THEIR_OWN}", (False,)
        )[0][0]
    last, done = 0, 0
    while serials := _written(store, partial(_reindex_next, parameters=parameters, after=last)):
        last, done = serials[-1], done + len(serials)
        yield done, max(total, done)
    _written(store, partial(_finish, parameters=parameters, versions=versions))


def _written(store: RelationalStore, work: Callable[[Transaction], T]) -> T:
    """What the work gives, done in a transaction; again when another writer was in the way."""
    for attempt in range(_ATTEMPTS):
        try:
            with store.write() as transaction:
                return work(transaction)
        except Contended:
            time.sleep(0.05 * attempt)
    with store.write() as transaction:
        return work(transaction)


def _finish(transaction: Transaction, parameters: StoredParameters, versions: frozenset[int]) -> None:
    """Let queries use the definitions by which all resources are indexed, as far as they still hold."""
    transaction.lock(DEFINITIONS)
    finished = versions & parameters.snapshot().versions
    transaction.set_property(INDEXED, " ".join(map(str, sorted(finished))))


def _reindex_next(transaction: Transaction, parameters: StoredParameters, after: int) -> list[int]:
    found = (
        f"SELECT serial FROM resource WHERE serial > ? AND is_deleted = ? AND {_OF_THEIR_OWN}"
        " ORDER BY serial LIMIT ?"
    )
    serials = [row[0] for row in transaction.execute(found + transaction.for_update, (after, False, BATCH))]
    # Read after they are locked: one that waited sees what the other writer made of it.
    by_release = parameters.snapshot().parameters
    indexed = [
        (one.placed, index_rows(fhir_json.parse(one.body), by_release[one.placed.release]))
        for one in _current(transaction, serials)
    ]
    transaction.replace_index_rows(indexed)
    return serials


class _Current(NamedTuple):
    placed: Placed
    body: bytes


def _current(transaction: Transaction, serials: list[int]) -> Iterator[_Current]:
    if serials:
        rows = transaction.execute(
            "SELECT t.release, t.name, r.logical_id, r.serial, r.current_version, r.last_updated, v.body"
            " FROM resource AS r"
            " JOIN type AS t ON t.number = r.type JOIN version AS v ON v.serial = r.current_version"
            f" WHERE r.serial IN ({', '.join('?' * len(serials))}) AND r.is_deleted = ?"
            " AND v.body IS NOT NULL",
            (*serials, False),
        )
        yield from (_Current(Placed(*row[:-1]), row[-1]) for row in rows)


# Checking


# What is served is found by the newest version alone (sql.NEWEST_VERSION), and older ones by themselves.
_FAULT = (
    "CASE WHEN v.serial IS NULL THEN 'its current version is missing'"
    " WHEN r.is_deleted <> (v.body IS NULL) THEN 'it is deleted in one table only'"
    " WHEN EXISTS (SELECT 1 FROM version AS n WHERE n.resource = r.serial AND n.logical_id <> r.logical_id)"
    " THEN 'a version of it has another id'"
    " WHEN EXISTS (SELECT 1 FROM version AS n WHERE n.resource = r.serial AND n.version_id > v.version_id)"
    " THEN 'its current version is not the newest' ELSE '' END"
)


def broken_versions(store: RelationalStore) -> Iterator[str]:
    """Resources whose versions are not what the resource's row says."""
    rows = store.rows(
        "SELECT release, name, logical_id, fault FROM"
        f" (SELECT t.release, t.name, r.logical_id, r.serial, {_FAULT} AS fault"
        " FROM resource AS r JOIN type AS t ON t.number = r.type"
        " LEFT JOIN version AS v ON v.serial = r.current_version AND v.resource = r.serial"
        f" WHERE r.type NOT IN ({contained.TYPES})) AS looked_at WHERE fault <> '' ORDER BY serial"
    )
    for release, type_name, logical_id, fault in rows:
        yield f"{release} {type_name}/{logical_id}: {fault}"


def serials_to_check(store: RelationalStore, everything: bool) -> list[int]:
    """All undeleted resources, or some by chance."""
    chosen = "ORDER BY serial" if everything else f"ORDER BY random() LIMIT {SAMPLE}"
    rows = store.rows(f"SELECT serial FROM resource WHERE is_deleted = ? AND {_OF_THEIR_OWN} {chosen}", False)
    return sorted(row[0] for row in rows)


def wrong_rows(store: RelationalStore, parameters: StoredParameters, serials: list[int]) -> Iterator[str]:
    """Those of the resources whose index rows are not what the definitions make of them."""
    for start in range(0, len(serials), BATCH):
        with store.write() as transaction:
            chunk = serials[start : start + BATCH]
            marks = ", ".join("?" * len(chunk))
            # Nobody changes one between the look at its body and the look at its rows.
            found = f"SELECT serial FROM resource WHERE serial IN ({marks}) ORDER BY serial"
            transaction.execute(found + transaction.for_update, chunk)
            by_release = parameters.snapshot().parameters
            wrong = [
                problem
                for one in _current(transaction, chunk)
                for problem in _wrong(transaction, one, by_release[one.placed.release])
            ]
        yield from wrong


def _wrong(transaction: Transaction, one: _Current, parameters: SearchParameters) -> Iterator[str]:
    placed = one.placed
    name = f"{placed.release} {placed.type_name}/{placed.logical_id}"
    # Rows of what is not searched by (now, or yet) may be there or not.
    wanted = {
        _key(row)
        for row in index_rows(fhir_json.parse(one.body), parameters)
        if _is_searched(row[1], row[4].type_name if row[4] else placed.type_name, parameters)
    }
    stored = {
        key
        for key in _stored(transaction, placed.serial)
        if _is_searched(key[3], key[0] or placed.type_name, parameters)
    }
    for what, keys in (("missing", wanted - stored), ("left over", stored - wanted)):
        for code in sorted({key[3] for key in keys}):
            yield f"{name}: index rows of `{code}` are {what}"
    if not transaction.execute("SELECT 1 FROM full_text WHERE rowid = ?", (placed.serial,)):
        yield f"{name}: its full text is missing"
    codes = {
        row[0]
        for kind in vocabulary.KEYS
        for row in transaction.execute(vocabulary.missing(kind), (placed.serial,))
    }
    for code in sorted(codes):
        yield f"{name}: values of `{code}` are not in the vocabulary"


def _is_searched(parameter: str, type_name: str, parameters: SearchParameters) -> bool:
    """Of `identifier:of-type` and `context-type-value$1` the part before is the search parameter."""
    return parameter.partition(":")[0].partition("$")[0] in parameters.for_type(type_name)


def _key(row: IndexRow) -> tuple[Any, ...]:
    kind, code, element, columns, held = row
    named = zip(PARAM_TYPES[kind].COLUMNS, columns, strict=True)
    return (
        *(held or ("", "")),
        kind,
        code,
        element,
        *(value for name, value in named if name not in NOT_IN_KEY),
    )


def _stored(transaction: Transaction, resource: int) -> Iterator[tuple[Any, ...]]:
    """The rows of a resource and of what it contains, as `_key` has them."""
    yield from _stored_rows(transaction, resource, ("", ""))
    for serial, held in contained.serials(transaction, [resource]):
        yield from _stored_rows(transaction, serial, held)


def _stored_rows(transaction: Transaction, resource: int, held: tuple[str, str]) -> Iterator[tuple[Any, ...]]:
    for kind, module in PARAM_TYPES.items():
        columns = ", ".join(f"i.{name}" for name in module.COLUMNS if name not in NOT_IN_KEY)
        rows = transaction.execute(
            f"SELECT p.code, i.element, {columns} FROM index_{kind} AS i"
            " JOIN search_parameter AS p ON p.number = i.parameter WHERE i.resource = ?",
            (resource,),
        )
        yield from ((*held, kind, *row) for row in rows)
