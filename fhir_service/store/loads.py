"""Which package owns which resource; read and written inside a transaction.

The loader (content/load.py) decides; this is only the bookkeeping of the tables `load` and `loaded_resource`.
"""

from __future__ import annotations

from typing import NamedTuple

from fhir_service.store.transaction import Transaction


class LoadRow(NamedTuple):
    number: int
    version: str
    content_hash: str


class Loads:
    def __init__(self, transaction: Transaction) -> None:
        self._execute = transaction.execute

    def find(self, canonical: str, release: str) -> LoadRow | None:
        rows = self._execute(
            "SELECT number, version, content_hash FROM load WHERE canonical = ? AND release = ?",
            (canonical, release),
        )
        return LoadRow(*rows[0]) if rows else None

    def all(self, origin: str) -> list[tuple[int, str, str]]:
        """(number, canonical, release) of every package of that origin."""
        found = self._execute("SELECT number, canonical, release FROM load WHERE origin = ?", (origin,))
        return [(row[0], row[1], row[2]) for row in found]

    def save(self, canonical: str, release: str, version: str, content_hash: str, origin: str) -> int:
        number: int = self._execute(
            "INSERT INTO load (canonical, release, version, content_hash, origin) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (canonical, release) DO UPDATE"
            " SET version = excluded.version, content_hash = excluded.content_hash, origin = excluded.origin"
            " RETURNING number",
            (canonical, release, version, content_hash, origin),
        )[0][0]
        return number

    def forget(self, number: int) -> None:
        self._execute("DELETE FROM loaded_resource WHERE load = ?", (number,))
        self._execute("DELETE FROM load WHERE number = ?", (number,))

    def resources(self, number: int) -> dict[tuple[str, str], str]:
        """(type, logical id) -> content hash of what this load owns."""
        rows = self._execute(
            "SELECT t.name, r.logical_id, l.content_hash FROM loaded_resource AS l"
            " JOIN resource AS r ON r.serial = l.resource JOIN type AS t ON t.number = r.type"
            " WHERE l.load = ?",
            (number,),
        )
        return {(row[0], row[1]): row[2] for row in rows}

    def owner(self, release: str, type_name: str, logical_id: str) -> int | None:
        """The number of the load that owns the resource, if one does."""
        rows = self._execute(
            "SELECT l.load FROM loaded_resource AS l JOIN resource AS r ON r.serial = l.resource"
            " JOIN type AS t ON t.number = r.type WHERE t.release = ? AND t.name = ? AND r.logical_id = ?",
            (release, type_name, logical_id),
        )
        return rows[0][0] if rows else None

    def own(self, resource: int, load: int, content_hash: str) -> None:
        self._execute(
            "INSERT INTO loaded_resource (resource, load, content_hash) VALUES (?, ?, ?)"
            " ON CONFLICT (resource) DO UPDATE"
            " SET load = excluded.load, content_hash = excluded.content_hash",
            (resource, load, content_hash),
        )

    def disown(self, resource: int) -> None:
        self._execute("DELETE FROM loaded_resource WHERE resource = ?", (resource,))
