"""One export: from the store to NDJSON files, batch by batch, so that memory stays the same for any number.

https://hl7.org/fhir/uv/bulkdata/export.html#response---complete-status

    settle    a moment up to which every write is committed: the transactionTime
    type      every resource as it was at that moment, in the order in which versions were written
    filtered  the matches of its _typeFilter, without those that were changed after that moment
    note      after each batch how much of each file is good; whoever goes on cuts off the rest
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fhir_service.exports.folder import ExportFolder
from fhir_service.exports.job import Asked, Progress, Written
from fhir_service.fhir.query_string import read_pairs
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.paging import decode_cursor
from fhir_service.search.param_types import Context
from fhir_service.search.predicates import Compare, Own, Predicate, all_of, any_of
from fhir_service.search.query import Query, parse_query
from fhir_service.store.contract import Store, StoredVersion

BATCH = 500


@dataclass(frozen=True)
class Exporter:
    """What every export is made with; `parameters` are by release name."""

    folder: ExportFolder
    store: Store
    parameters: Mapping[str, SearchParameters]
    now: Callable[[], int]

    def run(self, job_id: str) -> None:
        """Bring the job to its end; FileNotFoundError when it is cancelled meanwhile."""
        asked, progress = self.folder.asked(job_id), self.folder.progress(job_id)
        if asked is None or progress is None or progress.finished is not None:
            return
        if progress.at is None:
            progress.at = self.store.settled(self.now)
            self.folder.save(job_id, progress)
        for type_name in asked.types:
            written = progress.written.setdefault(type_name, Written())
            if not written.is_done:
                self._write(job_id, asked, type_name, progress, written)
        progress.finished = self.now()
        self.folder.save(job_id, progress)

    def _write(self, job_id: str, asked: Asked, type_name: str, progress: Progress, written: Written) -> None:
        kept = self.folder.file(job_id, type_name)
        deleted = self.folder.file(job_id, f"{type_name}.deleted")
        _cut(kept, written.size)
        _cut(deleted, written.deleted_size)
        assert progress.at is not None
        for batch, cursor in self._batches(asked, type_name, progress.at, written.cursor):
            written.size += _append(kept, [one.body for one in batch if one.body is not None])
            written.count += sum(not one.is_deleted for one in batch)
            gone = [_deletion(one) for one in batch if one.is_deleted] if asked.since is not None else []
            written.deleted_size += _append(deleted, gone)
            written.deleted_count += len(gone)
            written.cursor = cursor
            self.folder.save(job_id, progress)
        written.is_done = True
        self.folder.save(job_id, progress)

    def _batches(
        self, asked: Asked, type_name: str, at: int, cursor: str
    ) -> Iterator[tuple[list[StoredVersion], str]]:
        """Batches of a type, each with where the next one begins."""
        if type_name in asked.filters:
            yield from self._matches(asked, type_name, at, cursor)
            return
        after = int(cursor or 0)
        since = -1 if asked.since is None else asked.since
        while rows := self.store.as_of(asked.release, type_name, at, since=since, after=after, count=BATCH):
            after = rows[-1][0]
            yield [version for _, version in rows], str(after)

    def _matches(
        self, asked: Asked, type_name: str, at: int, cursor: str
    ) -> Iterator[tuple[list[StoredVersion], str]]:
        query = filter_query(asked, type_name, self.parameters[asked.release], self.now())
        tests = [Compare("last_updated", "le", at)]
        if asked.since is not None:
            tests.append(Compare("last_updated", "gt", asked.since))
        query = replace(query, predicate=all_of((query.predicate, Own(tuple(tests)))))
        while True:
            start = decode_cursor(cursor) if cursor else None
            page = self.store.search(asked.release, replace(query, cursor=start))
            cursor = page.next_cursor or ""
            yield list(page.matches), cursor
            if not cursor:
                return


def filter_query(asked: Asked, type_name: str, parameters: SearchParameters, now: int) -> Query:
    """The type's filters as one query; raises Invalid or NotSupported for one that cannot be read."""
    context = Context(bases=(asked.base,), now=now)
    predicates: list[Predicate] = [
        parse_query(read_pairs(text), type_name, parameters, context=context).predicate
        for text in asked.filters[type_name]
    ]
    return Query(type_name, any_of(predicates), count=BATCH)


def _deletion(version: StoredVersion) -> bytes:
    """What takes the resource away: https://hl7.org/fhir/uv/bulkdata/export.html (`deleted`)"""
    request = {"method": "DELETE", "url": f"{version.type_name}/{version.logical_id}"}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": request}]}
    return json.dumps(bundle, separators=(",", ":")).encode()


def _append(path: Path, lines: Iterable[bytes]) -> int:
    """Write the lines behind what is there; returns how many bytes they are."""
    block = b"".join(line + b"\n" for line in lines)
    if block:
        with path.open("ab") as file:
            file.write(block)
    return len(block)


def _cut(path: Path, size: int) -> None:
    """Take off what an interrupted run wrote but did not note."""
    if path.exists():
        with path.open("r+b") as file:
            file.truncate(size)
