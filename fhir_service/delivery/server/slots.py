"""Threads that call the application: as many requests are at work at once as there are."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from queue import SimpleQueue

Job = Callable[[], None]

_log = logging.getLogger(__name__)


class Slots:
    """Jobs wait in one queue, and are taken in turn."""

    def __init__(self, number: int) -> None:
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self.put = self._jobs.put
        for place in range(number):
            # Daemons: a request that never ends does not keep a worker that was told to stop.
            threading.Thread(target=self._work, name=f"slot-{place}", daemon=True).start()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except BaseException as error:
                note_failure("A job in a slot failed", error)
            del job  # nothing of a request stays while the thread waits


def note_failure(what: str, error: BaseException) -> None:
    """Log where it was raised. An exception's own words may repeat a request, which may tell of a patient."""
    raised = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s: %s\n%s", what, type(error).__name__, raised)
