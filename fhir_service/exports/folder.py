"""The files of all exports: one folder a job, below a folder that belongs to one database.

    <id>/asked.json                 never changes
    <id>/progress.json              replaced as a whole after each batch
    <id>/<Type>.ndjson              as many bytes of it are good as progress.json says
    <id>/<Type>.deleted.ndjson
    <id>/lock                       held by the process that works on the job, and freed when it dies

A job that is cancelled loses its folder; whoever works on it finds out at the next write.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fhir_service.exports.job import (
    Asked,
    Progress,
    asked_from_json,
    asked_to_json,
    progress_from_json,
    progress_to_json,
)

_ASKED = "asked.json"
_PROGRESS = "progress.json"


class ExportFolder:
    """Nothing is made on disk before the first job."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self, job_id: str, asked: Asked) -> None:
        """A new job, which is there whole or not at all."""
        draft = self._path / f".{job_id}"
        draft.mkdir(parents=True)
        (draft / _ASKED).write_bytes(asked_to_json(asked))
        (draft / _PROGRESS).write_bytes(progress_to_json(Progress()))
        draft.rename(self._path / job_id)

    def ids(self) -> list[str]:
        if not self._path.is_dir():
            return []
        return sorted(entry.name for entry in self._path.iterdir() if not entry.name.startswith("."))

    def asked(self, job_id: str) -> Asked | None:
        """None when there is no such job (any more)."""
        found = self._read(job_id, _ASKED)
        return None if found is None else asked_from_json(found)

    def progress(self, job_id: str) -> Progress | None:
        found = self._read(job_id, _PROGRESS)
        return None if found is None else progress_from_json(found)

    def save(self, job_id: str, progress: Progress) -> None:
        """Raises FileNotFoundError when the job was cancelled."""
        draft = self._path / job_id / f".{_PROGRESS}"
        draft.write_bytes(progress_to_json(progress))
        os.replace(draft, self._path / job_id / _PROGRESS)

    def remove(self, job_id: str) -> None:
        """The job and its files; first out of sight, so that nobody finds half of it."""
        gone = self._path / f".{job_id}"
        try:
            (self._path / job_id).rename(gone)
        except FileNotFoundError:
            return
        shutil.rmtree(gone, ignore_errors=True)

    def file(self, job_id: str, name: str) -> Path:
        return self._path / job_id / f"{name}.ndjson"

    @contextmanager
    def claimed(self, job_id: str) -> Iterator[bool]:
        """Whether this caller alone may work on the job."""
        try:
            file = (self._path / job_id / "lock").open("wb")
        except FileNotFoundError:
            yield False
            return
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _read(self, job_id: str, name: str) -> bytes | None:
        try:
            return (self._path / job_id / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
