"""Numbers of resource types and search parameters: given when something is first written, and for good.

What a transaction finds or gives is known to the next one on its connection when it is committed; until then
it may be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Execute = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]

Key = tuple[str, ...]
"""(release, type) or (release, type, code)."""

_TYPE = "SELECT number FROM type WHERE release = ? AND name = ?"
_CODES = "SELECT code, number FROM search_parameter WHERE release = ? AND type = ?"
_CODE = "SELECT number FROM search_parameter WHERE release = ? AND type = ? AND code = ?"


class Numbers:
    """Those that one transaction uses, on top of what committed ones have found."""

    def __init__(self, committed: dict[Key, int], execute: Execute) -> None:
        self._committed = committed
        self._execute = execute
        self.found: dict[Key, int] = {}

    def of_type(self, release: str, type_name: str) -> int:
        key = (release, type_name)
        number = self._committed.get(key) or self.found.get(key)
        if number is None:
            # Looked for first: even an insert that does nothing uses up a number on PostgreSQL.
            rows = self._execute(_TYPE, key)
            if not rows:
                self._execute("INSERT INTO type (release, name) VALUES (?, ?) ON CONFLICT DO NOTHING", key)
                rows = self._execute(_TYPE, key)
            number = self.found[key] = rows[0][0]
        return number

    def of_parameter(self, release: str, type_name: str, code: str) -> int:
        key = (release, type_name, code)
        return self._committed.get(key) or self.found.get(key) or self._find_parameter(key)

    def _find_parameter(self, key: tuple[str, str, str]) -> int:
        for code, number in self._execute(_CODES, key[:2]):
            self.found[*key[:2], code] = number
        if key not in self.found:
            self._execute(
                "INSERT INTO search_parameter (release, type, code, url, state) VALUES (?, ?, ?, '', 'ready')"
                " ON CONFLICT DO NOTHING",
                key,
            )
            self.found[key] = self._execute(_CODE, key)[0][0]
        return self.found[key]
