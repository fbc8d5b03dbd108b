"""The exports of this process: one thread does its jobs one after the other; files tell the other processes.

A job belongs to whoever holds its lock. One that nobody holds is taken up when a process starts, and when a
client asks how far it is: so it goes on although the process that accepted it was killed.
"""

from __future__ import annotations

import logging
import queue
import threading
from pathlib import Path
from urllib.parse import urlsplit

from fhir_service.errors import NotFound, Unavailable
from fhir_service.exports.job import Asked, Progress
from fhir_service.exports.run import Exporter
from fhir_service.failures import told

KEPT = 24 * 3600 * 1_000_000
"""How long the files of a finished export are kept, in microseconds."""

_MOST_WAITING = 20
LOG = logging.getLogger(__name__)


class Exports:
    """Accepts, does and forgets exports."""

    def __init__(self, exporter: Exporter) -> None:
        self._exporter = exporter
        self._folder = exporter.folder
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._known: set[str] = set()  # in the queue, or being worked on here
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def accept(self, job_id: str, asked: Asked) -> None:
        """Raises Unavailable when too many are waiting already."""
        self._forget_expired()
        if len(self._unfinished()) >= _MOST_WAITING:
            raise Unavailable(f"{_MOST_WAITING} exports are under way; try again later.")
        self._folder.create(job_id, asked)
        self._enqueue(job_id)

    def resume(self) -> None:
        """Take up what an earlier process left."""
        self._forget_expired()
        for job_id in self._unfinished():
            self._enqueue(job_id)

    def find(self, job_id: str) -> tuple[Asked, Progress]:
        """What was asked and how far it is; raises NotFound."""
        asked, progress = self._folder.asked(job_id), self._folder.progress(job_id)
        if asked is None or progress is None or self._is_expired(progress):
            raise NotFound(f"There is no export `{job_id}`: it was deleted, has expired or never was.")
        if progress.finished is None:
            self._enqueue(job_id)
        return asked, progress

    def remove(self, job_id: str) -> None:
        self._folder.remove(job_id)

    def file(self, job_id: str, name: str) -> Path:
        return self._folder.file(job_id, name)

    def _unfinished(self) -> list[str]:
        found = {job_id: self._folder.progress(job_id) for job_id in self._folder.ids()}
        return [job_id for job_id, progress in found.items() if progress and progress.finished is None]

    def _forget_expired(self) -> None:
        for job_id in self._folder.ids():
            progress = self._folder.progress(job_id)
            if progress and self._is_expired(progress):
                self._folder.remove(job_id)

    def _is_expired(self, progress: Progress) -> bool:
        return progress.finished is not None and progress.finished + KEPT < self._exporter.now()

    def _enqueue(self, job_id: str) -> None:
        with self._guard:
            if job_id in self._known:
                return
            self._known.add(job_id)
            self._waiting.put(job_id)
            if self._thread is None:
                # Killed with the process: what it had noted is where the next one goes on.
                self._thread = threading.Thread(target=self._work, name="exports", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            job_id = self._waiting.get()
            try:
                with self._folder.claimed(job_id) as is_mine:
                    if is_mine:
                        self._do(job_id)
            except OSError:
                LOG.exception("Export %s cannot be worked on", job_id)
            with self._guard:
                self._known.discard(job_id)

    def _do(self, job_id: str) -> None:
        try:
            self._exporter.run(job_id)
        except FileNotFoundError:
            LOG.info("Export %s was cancelled", job_id)
        except Exception as error:
            failure = told(error, "GET", f"$export {job_id}")
            try:
                progress = self._folder.progress(job_id) or Progress()
                progress.failure, progress.finished = failure.issues[0].diagnostics, self._exporter.now()
                self._folder.save(job_id, progress)
            except OSError:
                LOG.exception("The failure of export %s cannot be noted", job_id)


def exports_path(database_url: str) -> Path:
    """Where the files are: beside the SQLite file, else below var/; of each database in a folder of its own.

    Instances that share a PostgreSQL database must share that folder too.
    """
    if database_url.startswith("sqlite:///"):
        file = Path(database_url.removeprefix("sqlite:///"))
        return file.with_name(f"{file.name}.exports")
    return Path("var") / f"{urlsplit(database_url).path.strip('/') or 'postgresql'}.exports"
