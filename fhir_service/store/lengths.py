"""How long walks are, remembered while nothing is committed: to choose the shortest of them.

What is chosen decides in which order a search without `_sort` answers. So every process has to choose alike,
from the same data: nothing that was counted is believed once there may be other data.
"""

from __future__ import annotations

from collections.abc import Callable

from fhir_service.store.sql import Sql

# Some 100 bytes each.
_MOST = 8_192


class Lengths:
    """Those of one process. What is counted twice or lost between threads is only counted again."""

    def __init__(self) -> None:
        self._held: tuple[object, dict[int, int]] = (None, {})

    def of(self, token: object, statement: Sql, count: Callable[[Sql], int]) -> int:
        """What the statement counts, or counted.

        :param token: read before; while it is the same, nothing has been committed
        """
        held = self._held
        if held[0] != token or len(held[1]) >= _MOST:
            held = self._held = (token, {})  # as a whole: other threads may have read another token
        # Two statements with the same hash would be taken for one, which is no worse than a poor choice.
        key = hash((statement.text, *statement.values))
        known = held[1].get(key)
        if known is None:
            known = held[1][key] = count(statement)
        return known
