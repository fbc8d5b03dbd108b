"""Rows of several tables in one statement for PostgreSQL, each column as one array.

https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO and
https://www.postgresql.org/docs/15/queries-with.html#QUERIES-WITH-MODIFYING

A statement costs client and server more than the rows that it brings, and one whose text is always the same
is planned once. Placeholders are PostgreSQL's own, `$1`: psycopg would read so long a text anew each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from sqlalchemy.dialects import postgresql

from fhir_service.store.schema import INDEX_TABLES, MOVED, NEEDED_ONCE, WRITTEN, metadata

INDEX_NAMES = tuple(table.name for table in INDEX_TABLES.values())
_SAME = "v.parameter = n.parameter AND v.key = n.key AND v.value_hash = n.value_hash"
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def _type(table: str, column: str) -> str:
    if table == "full_text":
        return "text" if _is_text(table, column) else "bigint"
    named = metadata.tables["resource" if table == MOVED else table].c[column].type.compile(_DIALECT)
    return named.partition(" COLLATE")[0]


def _written(table: str, columns: Sequence[str], first: int) -> str:
    arrays = ", ".join(f"${n}::{_type(table, column)}[]" for n, column in enumerate(columns, first))
    rows = f"unnest({arrays}) AS n({', '.join(columns)})"
    if table == MOVED:
        changes = ", ".join(f"{column} = n.{column}" for column in columns[1:])
        return f"UPDATE resource AS r SET {changes} FROM {rows} WHERE r.serial = n.serial"
    values = (f"to_tsvector('simple', {one})" if _is_text(table, one) else one for one in columns)
    kept = " ON CONFLICT DO NOTHING" if table in NEEDED_ONCE else ""
    # Looked for first: even an insert that does nothing uses up a number.
    new = f" WHERE NOT EXISTS (SELECT 1 FROM vocabulary AS v WHERE {_SAME})" if table == "vocabulary" else ""
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {rows}{new}{kept}"


def _is_text(table: str, column: str) -> bool:
    return table == "full_text" and column != "rowid"


def _all(statements: Mapping[str, str]) -> str:
    """They see what was there before; none may touch what another one does."""
    return f"WITH {', '.join(f'of_{name} AS ({text})' for name, text in statements.items())} SELECT"


def _firsts() -> Iterator[int]:
    """The number of the first value of each table."""
    return accumulate((len(columns) for columns in WRITTEN.values()), initial=1)


INSERT = _all(
    {
        table: _written(table, columns, first)
        for (table, columns), first in zip(WRITTEN.items(), _firsts(), strict=False)
    }
)

# The values are two arrays: whose index rows, and which rows of `resource`. In a subquery, where the planner
# does not look at them: else it would plan anew each time, for longer than the deletion takes.
_ANY = "= ANY ((SELECT ${}::bigint[])::bigint[])"
DELETE = _all(
    {
        **{name: f"DELETE FROM {name} WHERE resource {_ANY.format(1)}" for name in INDEX_NAMES},
        "full_text": f"DELETE FROM full_text WHERE rowid {_ANY.format(1)}",
        "resource": f"DELETE FROM resource WHERE serial {_ANY.format(2)}",
    }
)


def inserted(rows: Mapping[str, Sequence[Sequence[Any]]]) -> list[str]:
    """The values of INSERT."""
    values: list[str] = []
    for table, columns in WRITTEN.items():
        found = rows.get(table)
        values.extend(map(array, zip(*found, strict=True)) if found else ["{}"] * len(columns))
    return values


def array(values: Sequence[Any]) -> str:
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    return "NULL" if value is None else str(value)
