"""Rows of several tables in one statement for PostgreSQL, each column as one array.

https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO and
https://www.postgresql.org/docs/15/queries-with.html#QUERIES-WITH-MODIFYING

A statement costs client and server more than the rows that it brings, and one whose text is always the same
is planned once. Placeholders are PostgreSQL's own, `$1`: psycopg would read so long a text anew each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

from sqlalchemy.dialects import postgresql

from fhir_service.search.contained import MARK
from fhir_service.store.contained import END
from fhir_service.store.schema import INDEX_TABLES, MOVED, NEEDED_ONCE, WRITTEN, metadata

INDEX_NAMES = tuple(table.name for table in INDEX_TABLES.values())
_SAME = "v.parameter = n.parameter AND v.key = n.key AND v.value_hash = n.value_hash"
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
# The content has the narrative in it, whose words are found once: OFFSET lets the planner not do it again.
_WORDS = ", LATERAL (SELECT to_tsvector('simple', n.narrative) AS narrative OFFSET 0) AS words"
_ALL_WORDS = "words.narrative || to_tsvector('simple', n.content)"


def _type(table: str, column: str) -> str:
    if table == "full_text":
        return "bigint" if column == "rowid" else "text"
    named = metadata.tables["resource" if table == MOVED else table].c[column].type.compile(_DIALECT)
    return named.partition(" COLLATE")[0]


def _written(table: str, columns: Sequence[str], first: int) -> str:
    arrays = ", ".join(f"${n}::{_type(table, column)}[]" for n, column in enumerate(columns, first))
    rows = f"unnest({arrays}) AS n({', '.join(columns)})"
    if table == MOVED:
        changes = ", ".join(f"{column} = n.{column}" for column in columns[1:])
        return f"UPDATE resource AS r SET {changes} FROM {rows} WHERE r.serial = n.serial"
    into = f"INSERT INTO {table} ({', '.join(columns)})"
    if table == "full_text":
        return f"{into} SELECT n.rowid, words.narrative, {_ALL_WORDS} FROM {rows}{_WORDS}"
    kept = " ON CONFLICT DO NOTHING" if table in NEEDED_ONCE else ""
    # Looked for first: even an insert that does nothing uses up a number.
    new = f" WHERE NOT EXISTS (SELECT 1 FROM vocabulary AS v WHERE {_SAME})" if table == "vocabulary" else ""
    return f"{into} SELECT {', '.join(columns)} FROM {rows}{new}{kept}"


def _all(statements: Mapping[str, str], **before: str) -> str:
    """They see what was there before; none may touch what another one does."""
    parts = [f"{name} AS MATERIALIZED ({text})" for name, text in before.items()]
    parts += [f"of_{name} AS ({text})" for name, text in statements.items()]
    return f"WITH {', '.join(parts)} SELECT"


@cache
def _insert(tables: tuple[str, ...]) -> str:
    """Into these alone: a table costs the server as much as three rows of it, also when nothing is written.

    There are few such statements: what a resource is indexed by is much the same for all of a type.
    """
    firsts = accumulate((len(WRITTEN[table]) for table in tables), initial=1)
    return _all(
        {table: _written(table, WRITTEN[table], first) for table, first in zip(tables, firsts, strict=False)}
    )


def inserted(rows: Mapping[str, Sequence[Sequence[Any]]]) -> tuple[str, list[str]]:
    """The statement that writes these rows by table, and its values."""
    tables = tuple(table for table in WRITTEN if rows.get(table))
    return _insert(tables), [array(column) for table in tables for column in zip(*rows[table], strict=True)]


# The value is an array: whose index rows, and those of what they contain. In a subquery, where the planner
# does not look at it: else it would plan anew each time, for longer than the deletion takes.
_GIVEN = "= ANY ((SELECT $1::bigint[])::bigint[])"
_GONE = "= ANY ((SELECT serials FROM gone)::bigint[])"
# As contained.WITHIN finds them, but in two steps: in one, the planner walks through all that is contained
# anywhere.
_PLACES = (
    "SELECT b.number, t.name || '/' || c.logical_id AS name"
    " FROM resource AS c JOIN type AS t ON t.number = c.type"
    f" JOIN type AS b ON b.release = t.release AND substr(b.name, 1, 1) = '{MARK}'"
    f" WHERE c.serial {_GIVEN} OFFSET 0"
)
_HELD = (
    f"SELECT h.serial FROM ({_PLACES}) AS p, LATERAL (SELECT serial FROM resource WHERE type = p.number AND"
    f" logical_id >= p.name || '{MARK}' AND logical_id < p.name || '{END}' OFFSET 0) AS h"
)
DELETE = _all(
    {
        **{name: f"DELETE FROM {name} WHERE resource {_GONE}" for name in INDEX_NAMES},
        "full_text": f"DELETE FROM full_text WHERE rowid {_GONE}",
        "resource": "DELETE FROM resource WHERE serial IN (SELECT serial FROM held)",
    },
    held=_HELD,
    gone="SELECT $1::bigint[] || ARRAY(SELECT serial FROM held) AS serials",
)


def array(values: Sequence[Any]) -> str:
    """A column, whose values are all texts, or all numbers or truth values, or all bodies or nothing."""
    first = values[0] if values else 0
    if isinstance(first, str):
        return f'{{"{_TO_THE_NEXT.join(_escaped(values))}"}}'
    if first is None or isinstance(first, bytes):
        return f"{{{','.join(map(_body, values))}}}"
    return f"{{{','.join(map(str, values))}}}"


_TO_THE_NEXT = '","'


def _escaped(texts: Sequence[str]) -> Iterable[str]:
    together = "".join(texts)
    if '"' not in together and "\\" not in together:
        return texts  # as nearly always
    return (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)


def _body(value: bytes | None) -> str:
    return "NULL" if value is None else f'"\\\\x{value.hex()}"'
