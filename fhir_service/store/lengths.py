"""How long walks are, remembered for a while: enough to choose the shortest of them.

A length chooses between ways to the same answer. One that is out of date costs time, and no answer is wrong;
and which code is common, and which is rare, hardly changes within a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from fhir_service.store.sql import Sql

# Seconds after which one is forgotten: no sooner, and at most twice as late.
_KEPT = 30

# Some 100 bytes each.
_MOST = 8_192


class Lengths:
    """Those of one process. What is remembered twice or lost between threads is only counted again."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._recent: dict[int, int] = {}
        self._older: dict[int, int] = {}
        self._until = now() + _KEPT

    def of(self, statement: Sql, count: Callable[[Sql], int]) -> int:
        """What the statement counts, or counted."""
        if len(self._recent) >= _MOST or self._now() > self._until:
            self._recent, self._older, self._until = {}, self._recent, self._now() + _KEPT
        # Two statements with the same hash would be taken for one: then a choice is a poor one.
        key = hash((statement.text, *statement.values))
        known = self._recent.get(key)
        if known is None:
            known = self._older.get(key)
        if known is None:
            known = self._recent[key] = count(statement)
        return known
