"""Numbers that all workers of one service add to, each in a row of its own; who is asked adds the rows up.

https://docs.python.org/3/library/mmap.html and https://docs.python.org/3/library/fcntl.html#fcntl.lockf

Workers are processes. Each takes the first row of a file that nobody has locked. When it ends, however it
ends, the system gives its lock up, and its successor goes on in the row: no sum ever falls.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

from fhir_service.delivery.server.memory import folder_in_memory

_MOST_WORKERS = 1_024
_NUMBER_BYTES = 8  # a C double


@contextmanager
def shared_file() -> Iterator[int]:
    """A descriptor of the file, still empty, which workers inherit.

    It has no name, so that nothing is left of it however the service ends.
    """
    with TemporaryFile(dir=folder_in_memory()) as file:
        yield file.fileno()


class Counts:
    """Numbers by name, all 0 at first. Without a file they are those of this process alone.

    :param file: its descriptor, which stays open: to close it would give up the row
    """

    def __init__(self, names: Iterable[Hashable], file: int | None = None) -> None:
        self._columns = {name: place for place, name in enumerate(names)}
        self._guard = threading.Lock()
        row_bytes = len(self._columns) * _NUMBER_BYTES
        if file is None:
            row, self._map = 0, mmap.mmap(-1, row_bytes)
        else:
            os.ftruncate(file, row_bytes * _MOST_WORKERS)
            row = _take_row(file)
            # So that its place is there: where none is left, who writes to the map is ended by the system.
            start = row * row_bytes
            os.pwrite(file, os.pread(file, row_bytes, start), start)
            self._map = mmap.mmap(file, row_bytes * _MOST_WORKERS)
        self._numbers = memoryview(self._map).cast("d")
        self._first = row * len(self._columns)

    def add(self, name: Hashable, amount: float = 1) -> None:
        place = self._first + self._columns[name]
        with self._guard:  # against this process's other threads; other processes have other rows
            self._numbers[place] += amount

    def adder(self, name: Hashable) -> Callable[[], None]:
        """Adds 1, without a lock: for a name that one thread of this process at a time adds to."""
        place, numbers = self._first + self._columns[name], self._numbers

        def add_one() -> None:
            numbers[place] += 1

        return add_one

    def total(self, name: Hashable) -> float:
        """Of all workers, those that have ended included."""
        return float(sum(self._numbers[self._columns[name] :: len(self._columns)]))


def _take_row(file: int) -> int:
    for row in range(_MOST_WORKERS):
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, row)
        except OSError:  # another worker's
            continue
        return row
    raise RuntimeError(f"There are more than {_MOST_WORKERS} workers.")
