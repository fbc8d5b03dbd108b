"""How the system shares the cores: by process while this measures, where it may be told so.

https://man7.org/linux/man-pages/man7/sched.7.html, "The autogroup feature"

Otherwise Linux shares them by session, as is good for who compiles in one terminal and reads in another. Each
of PostgreSQL's processes makes itself a session of its own, so that all of a service's workers together would
get as much as each of these; and one that has slept may wait for half a second.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

_BY_SESSION = Path("/proc/sys/kernel/sched_autogroup_enabled")


@contextlib.contextmanager
def shared_by_process() -> Iterator[None]:
    """For as long as the block lasts; who may not change it measures as it is."""
    was = _now()
    changed = was == "1" and _set("0")
    try:
        yield
    finally:
        if changed:
            _set(was)


def shared_by() -> str:
    return "session" if _now() == "1" else "process"


def _now() -> str:
    return _BY_SESSION.read_text().strip() if _BY_SESSION.exists() else ""


def _set(value: str) -> bool:
    try:
        _BY_SESSION.write_text(value)
    except OSError:
        return False
    return True
