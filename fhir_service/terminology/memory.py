"""What was compiled or worked out, kept within bounds: the least recently used goes first.

The store decides what a key is; here nothing is known of what is kept but how heavy it is.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

MOST_WEIGHT = 1_000_000
"""Concepts, members and mappings: some 500 bytes each."""


class Memory:
    def __init__(self, most_weight: int = MOST_WEIGHT) -> None:
        self._most = most_weight
        self._weight = 0
        self._kept: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, key: Hashable) -> Any:
        """What is kept under the key, or None."""
        with self._guard:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[1]

    def put(self, key: Hashable, weight: int, value: Any) -> None:
        """Keep it; what is heavier than all that may be kept is not."""
        weight += 1
        if weight > self._most:
            return
        with self._guard:
            replaced = self._kept.pop(key, None)
            self._weight += weight - (replaced[0] if replaced else 0)
            self._kept[key] = (weight, value)
            while self._weight > self._most:
                _, (dropped, _) = self._kept.popitem(last=False)
                self._weight -= dropped
