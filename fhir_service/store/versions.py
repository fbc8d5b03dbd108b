"""History: the versions of one resource, of a type, or of everything, newest first.

https://hl7.org/fhir/R4/http.html#history

The order is that in which versions were written; the cursor is the last version's place in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fhir_service.store.contract import HistoryPage, HistoryScope, StoredVersion
from fhir_service.store.sql import Names, Sql

Run = Callable[[Sql], list[tuple[Any, ...]]]


def history(run: Run, names: Names, scope: HistoryScope) -> HistoryPage:
    asked = _asked(names, scope)
    if asked is None:
        return HistoryPage((), None, 0)
    total = run(Sql(f"SELECT count(*) FROM version AS v WHERE {asked.text}", asked.values))[0][0]
    older = Sql(" AND v.serial < ?", [scope.before]) if scope.before is not None else Sql("", [])
    rows = run(
        Sql(
            "SELECT v.serial, v.type, v.logical_id, v.version_id, v.last_updated, v.body, v.method"
            f" FROM version AS v WHERE {asked.text}{older.text}"
            f" ORDER BY v.serial DESC LIMIT {scope.count + 1}",
            [*asked.values, *older.values],
        )
    )
    type_names = {number: name for name, number in names.types.items()}
    versions = [StoredVersion(type_names[row[1]], *row[2:]) for row in rows[: scope.count]]
    more = len(rows) > scope.count and scope.count > 0
    return HistoryPage(versions, rows[scope.count - 1][0] if more else None, total)


def _asked(names: Names, scope: HistoryScope) -> Sql | None:
    """The condition on versions, or None when nothing can satisfy it."""
    numbers = [
        number
        for name, number in names.types.items()
        if scope.type_name in (None, name) and (scope.types is None or name in scope.types)
    ]
    if not numbers:
        return None
    values: list[Any] = list(numbers)
    text = f"v.type IN ({', '.join('?' * len(numbers))})"
    if scope.logical_id is not None:
        text += " AND v.resource = (SELECT o.serial FROM resource AS o WHERE o.type = ? AND o.logical_id = ?)"
        values += [numbers[0], scope.logical_id]
    if scope.since is not None:
        text += " AND v.last_updated >= ?"
        values.append(scope.since)
    if scope.at is not None:
        low, high = scope.at
        text += (
            " AND v.last_updated < ? AND NOT EXISTS (SELECT 1 FROM version AS n"
            " WHERE n.resource = v.resource AND n.version_id = v.version_id + 1 AND n.last_updated <= ?)"
        )
        values += [high, low]
    return Sql(text, values)
