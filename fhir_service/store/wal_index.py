"""The header of SQLite's WAL index, which every commit changes: read from memory, without asking SQLite.

https://sqlite.org/walformat.html#the_wal_index_file_format

Asking `PRAGMA data_version` lets another thread take the interpreter, and costs as much as half of an answer
from the cache. The header tells the same to all processes: it holds a counter of changes, the last frame and
checksums, in two copies, and a commit is not over before both are written.

    read while it is written    a mixture that is never there again, for the second copy is written first and
                                read last; what was answered under it is asked for anew
    the log is begun anew       new salts: another header, though nothing has changed
    the log is checkpointed     the same header, for the data are the same
    it is rebuilt after a crash the checksum of all frames is in it; who crashed was not told of a commit
    all is closed and deleted   not while the watching connection is open, which shares a lock on it
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

_LENGTH = 96  # both copies
_VERSION = struct.pack("=I", 3_007_000)

# By device and inode. Not closed while the file is there: to close any descriptor of a file gives up all
# locks that the process has on it, and SQLite keeps its locks on this one:
# https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_
_mapped: dict[tuple[int, int], tuple[int, mmap.mmap]] = {}
_guard = threading.Lock()


def header_reader(database: Path) -> Callable[[], bytes] | None:
    """Reads the header, while a connection that has read is open; None where there is none that is known."""
    # SQLite follows links and keeps the index beside the file; beside a link may lie that of another.
    index = Path(f"{os.path.realpath(database)}-shm")
    try:
        header = _map(index)
    except (OSError, ValueError):  # not in WAL mode
        return None
    if header[: len(_VERSION)] != _VERSION:
        return None
    return lambda: header[:_LENGTH]


def _map(path: Path) -> mmap.mmap:
    with _guard:
        found = path.stat()
        place = found.st_dev, found.st_ino
        if place not in _mapped:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            _mapped[place] = descriptor, mmap.mmap(descriptor, _LENGTH, prot=mmap.PROT_READ)
        _, header = _mapped[place]
        _forget_deleted()
        return header


def _forget_deleted() -> None:
    """What is deleted has no locks that anybody could miss. A reader keeps its own map until it is gone."""
    for place, (descriptor, _) in list(_mapped.items()):
        if os.fstat(descriptor).st_nlink == 0:
            del _mapped[place]
            os.close(descriptor)
