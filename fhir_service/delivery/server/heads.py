"""Heads of requests that were answered by what is kept: the same bytes ask for the same again.

To read a head and to make a key of it takes three times as long as to know it again. What is remembered is a
digest with a secret of the process, so that nobody's query stands in memory in the clear.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from hashlib import blake2b
from typing import Any

_MOST = 4_096
# Longer ones are rare, and what they ask for may be as long.
_LONGEST = 2_048


class Heads:
    """What the heads ask for, of which there are few; the oldest goes first."""

    def __init__(self) -> None:
        self._keyed = blake2b(digest_size=24, key=secrets.token_bytes(32))
        self._asked: OrderedDict[bytes, Any] = OrderedDict()

    def of(self, address: str) -> Known:
        """Those that one client sends: an answer may depend on who asks."""
        keyed = self._keyed.copy()
        keyed.update(f"{address}\0".encode())
        return Known(keyed, self._asked)


class Known:
    """
    :param keyed: the beginning of each digest
    """

    def __init__(self, keyed: blake2b, asked: OrderedDict[bytes, Any]) -> None:
        self._copy = keyed.copy
        self._asked = asked

    def find(self, head: bytes) -> Any:
        """What it asks for, or None."""
        digest = self._copy()
        digest.update(head)
        return self._asked.get(digest.digest())

    def remember(self, head: bytes, look: Any) -> None:
        if len(head) > _LONGEST:
            return
        digest = self._copy()
        digest.update(head)
        if len(self._asked) >= _MOST:
            self._asked.popitem(last=False)
        self._asked[digest.digest()] = look
