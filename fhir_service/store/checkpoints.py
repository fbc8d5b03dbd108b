"""Checkpoints of SQLite's log beside the writer, while very much is written.

https://sqlite.org/wal.html#ckpt and https://sqlite.org/pragma.html#pragma_wal_checkpoint

A checkpoint waits for the disk twice: until the log is on it, and until the file is. A writer that makes its
own stands still meanwhile, and one every four megabytes copies the pages at the end of each table again and
again. So a thread makes them, three seconds apart. It never empties the log, since the writer has gone on;
the writer does that when the log is long, and finds most of it done.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

_EVERY_SECONDS = 3.0


@contextmanager
def checkpointing(connect: Callable[[], sqlite3.Connection]) -> Iterator[None]:
    is_over = threading.Event()
    thread = threading.Thread(target=_checkpoint, args=(connect, is_over), name="checkpoints", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _checkpoint(connect: Callable[[], sqlite3.Connection], is_over: threading.Event) -> None:
    with closing(connect()) as connection:
        while not is_over.wait(_EVERY_SECONDS):
            # PASSIVE hinders nobody, and leaves what somebody still needs to the next time.
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
