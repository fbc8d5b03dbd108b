"""What the applications around Flask share: their types, and chunks taken as PEP 3333 asks.

https://peps.python.org/pep-3333/
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def joined(chunks: Iterable[bytes]) -> bytes:
    """The whole body of an answer, which is closed then."""
    try:
        return b"".join(chunks)
    finally:
        close(chunks)


def close(chunks: Iterable[bytes]) -> None:
    """Every answer is closed by whoever takes it, also one that is not read."""
    closing = getattr(chunks, "close", None)
    if closing is not None:
        closing()
