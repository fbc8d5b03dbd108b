"""Rows of several tables in one statement for PostgreSQL, each column as one array.

https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO and
https://www.postgresql.org/docs/15/queries-with.html#QUERIES-WITH-MODIFYING

A statement costs client and server more than the rows that it brings, and one whose text is always the same
is planned once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql

from fhir_service.store.schema import INDEX_TABLES, MOVED, WRITTEN, metadata

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def _type(table: str, column: str) -> str:
    if table == "full_text":
        return "bigint" if column == "rowid" else "text"
    named = metadata.tables["resource" if table == MOVED else table].c[column].type.compile(_DIALECT)
    return named.partition(" COLLATE")[0]


def _written(table: str, columns: Sequence[str]) -> str:
    arrays = ", ".join(f"%s::{_type(table, column)}[]" for column in columns)
    rows = f"unnest({arrays}) AS n({', '.join(columns)})"
    if table == MOVED:
        changes = ", ".join(f"{column} = n.{column}" for column in columns[1:])
        return f"UPDATE resource AS r SET {changes} FROM {rows} WHERE r.serial = n.serial"
    values = (f"to_tsvector('simple', {one})" if _type(table, one) == "text" else one for one in columns)
    kept = " ON CONFLICT DO NOTHING" if table in metadata.tables and table.startswith("index_") else ""
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {rows}{kept}"


def _all(statements: Mapping[str, str]) -> str:
    """They see what was there before; none may touch what another one does."""
    return f"WITH {', '.join(f'of_{name} AS ({text})' for name, text in statements.items())} SELECT"


INSERT = _all({table: _written(table, columns) for table, columns in WRITTEN.items()})

_OWN = "= ANY(%s::bigint[])"
DELETE = _all(
    {
        **{table.name: f"DELETE FROM {table.name} WHERE resource {_OWN}" for table in INDEX_TABLES.values()},
        "full_text": f"DELETE FROM full_text WHERE rowid {_OWN}",
        "resource": f"DELETE FROM resource WHERE serial {_OWN}",
    }
)


def inserted(rows: Mapping[str, Sequence[Sequence[Any]]]) -> list[str]:
    """The values of INSERT."""
    values: list[str] = []
    for table, columns in WRITTEN.items():
        found = rows.get(table)
        values.extend(map(array, zip(*found, strict=True)) if found else ["{}"] * len(columns))
    return values


def deleted(resources: Sequence[int], held: Sequence[int]) -> list[str]:
    """The values of DELETE."""
    return [array(resources)] * (len(INDEX_TABLES) + 1) + [array(held)]


def array(values: Sequence[Any]) -> str:
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    return "NULL" if value is None else str(value)
