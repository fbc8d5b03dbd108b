"""The resources of a type as they were at one moment, in the order in which those versions were written.

Rows of versions never change, so the walk can stop after any of them and go on later: no resource is missed
and none comes twice, whatever is written meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fhir_service.store.contract import StoredVersion
from fhir_service.store.sql import Sql

Run = Callable[[Sql], list[tuple[Any, ...]]]

_AS_OF = (
    "SELECT v.serial, v.logical_id, v.version_id, v.last_updated, v.body"
    " FROM version AS v WHERE v.type = ? AND v.serial > ? AND v.last_updated <= ? AND v.last_updated > ?"
    " AND NOT EXISTS (SELECT 1 FROM version AS n WHERE n.resource = v.resource"
    " AND n.version_id = v.version_id + 1 AND n.last_updated <= ?)"
    " ORDER BY v.serial LIMIT ?"
)


def as_of(
    run: Run, type_number: int, type_name: str, at: int, *, since: int, after: int, count: int
) -> list[tuple[int, StoredVersion]]:
    """Each version that was the current one, deletions included, with its place in the walk."""
    rows = run(Sql(_AS_OF, [type_number, after, at, since, at, count]))
    return [(row[0], StoredVersion(type_name, *row[1:])) for row in rows]
