"""Loading many resources: streamed, in batches, a few of them a transaction, going on where it stopped.

What is not accepted is written to a file, one line each with the reasons, and does not stop the load.

    prepare  parse, gate, index: preparing.py, in several processes
    write    new ids by whole batches; known ones one by one, unchanged ones not at all

An empty store is filled (store/filling.py): nothing can be searched in it until `filling.finish` was run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import IO, NamedTuple

from fhir_service.content.load import INDEX_DEFINITIONS, Package, index_fingerprint, load_packages
from fhir_service.content.preparing import (
    Accepted,
    Batch,
    Gate,
    Rules,
    Task,
    own_and_others,
    prepared,
    rejection,
)
from fhir_service.content.sources import About, Item, Source
from fhir_service.errors import Issue
from fhir_service.formats import fhir_json
from fhir_service.formats.meta import stamp, without_stamp
from fhir_service.releases import Release
from fhir_service.releases.validator.fingerprint import gate_fingerprint
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.store import filling
from fhir_service.store.bulk import Prepared, insert_new, known_ids, known_numbers
from fhir_service.store.contract import Owner, StoredVersion
from fhir_service.store.laid import only
from fhir_service.store.parameters import StoredParameters
from fhir_service.store.relational import RelationalStore
from fhir_service.store.transaction import Transaction

BATCH = 500
BATCH_BYTES = 2_000_000
TOGETHER = 8
"""So many batches are a transaction, of which SQLite makes one piece of its full text: fewer are merged."""


@dataclass
class Report:
    """What a bulk load did so far; `read` is how far it is in the source."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: int = 0
    read: int = 0

    @property
    def seen(self) -> int:
        return self.created + self.updated + self.unchanged + self.rejected


@dataclass(frozen=True)
class Settled:
    """What the whole load has in common."""

    release: Release
    parameters_by_release: Mapping[str, SearchParameters]
    types: frozenset[str]
    gate: Gate | None
    now: Callable[[], int]
    processes: int = 1
    """How many prepare what is written; 1 is this process alone."""

    @property
    def gate_name(self) -> str:
        return gate_fingerprint(self.release) if self.gate else ""

    def rules(self, source: Source, is_indexed: bool) -> Rules:
        return Rules(source.path.name, self.release.name, self.types, self.gate, is_indexed)


@dataclass
class Progress:
    """How far the load of one source is; `gate` names what all of it has passed so far."""

    done: int = 0
    rejected: int = 0
    gate: str = ""


Key = tuple[str, str]
"""Resource type and logical id."""


def progress_of(store: RelationalStore, source: Source, release: Release) -> Progress | None:
    """How far an interrupted load of this very source came."""
    rows = store.rows("SELECT value FROM property WHERE name = ?", _progress_name(source, release))
    return Progress(**json.loads(rows[0][0])) if rows else None


def is_validated(store: RelationalStore, source: Source, release: Release) -> bool:
    """Whether this build's gate accepted every resource of this very source, as this database remembers."""
    rows = store.rows("SELECT value FROM property WHERE name = ?", _validated_name(source, release))
    return bool(rows) and rows[0][0] == gate_fingerprint(release)


def bulk_load(
    store: RelationalStore, source: Source, settled: Settled, rejects: IO[str] | None = None
) -> Generator[Report, None, None]:
    """Load the source; yields the growing report after each transaction. Calling it again goes on."""
    release = settled.release
    stored = store.search_parameters(settled.parameters_by_release)
    filling.start(store, {INDEX_DEFINITIONS: index_fingerprint(stored.built)})
    numbers = _Numbers(store, release.name)
    progress = progress_of(store, source, release) or Progress(gate=settled.gate_name)
    if progress.gate != settled.gate_name:
        progress.gate = ""
    report = Report()
    received = prepared(
        _tasks(source, settled, stored, progress.done, numbers),
        settled.rules(source, is_indexed=True),
        settled.processes,
    )
    while some := list(islice(received, TOGETHER)):
        with store.write() as transaction:
            transaction.defer_flush()  # what is lost of it was not counted as done either
            parameters = stored.snapshot().parameters[release.name]
            for sent, batch in some:
                if parameters is not sent.parameters:
                    batch = _indexed_again(batch, parameters)
                refused = _write(transaction, batch, source, settled, parameters, report)
                numbers.look_after(batch, transaction)
                rejected = [*batch.rejected, *refused]
                _reject(rejected, report, rejects)
                progress.done += sent.size
                progress.rejected += len(rejected)
                report.read = sent.read
            transaction.set_property(_progress_name(source, release), json.dumps(asdict(progress)))
        del some, batch  # who looks for garbage now need not go through them
        yield report
    with store.write() as transaction:
        # A load that reached the end may be run again from the start.
        transaction.execute("DELETE FROM property WHERE name = ?", (_progress_name(source, release),))
        _note_validated(transaction, source, release, progress)


def load_package(
    store: RelationalStore, source: Source, settled: Settled, rejects: IO[str] | None = None
) -> Iterator[Report]:
    """Load a FHIR package, which then owns what it brings; yields one growing report.

    It is read whole before anything is written: a newer version of a package replaces an older one in one
    transaction, or not at all. What another package or a client brought stays theirs and is rejected: HL7's
    own packages have ids in common.
    """
    assert source.about is not None
    report = Report()
    found: dict[Key, Accepted] = {}
    for accepted in _accepted(store, source, settled, report, rejects):
        found.update(((one.type_name, one.logical_id), one) for one in accepted)
        yield report
    about, refused = source.about, report.rejected
    with store.write() as transaction:
        foreign = {key: told for key in found if (told := _belongs_to_others(transaction, about, key))}
    _reject([_conflict(source, found[key], told) for key, told in foreign.items()], report, rejects)
    content = {key: one.body for key, one in found.items() if key not in foreign}
    package = Package(about.canonical, about.version, about.release.name, content, origin="file")
    loaded = load_packages(
        store, [package], settled.parameters_by_release, now=settled.now, removes_others=False
    )
    report.created, report.updated = loaded.created, loaded.updated
    report.unchanged, report.deleted = loaded.unchanged, loaded.deleted
    with store.write() as transaction:
        _note_validated(transaction, source, settled.release, Progress(0, refused, settled.gate_name))
    yield report


def _belongs_to_others(transaction: Transaction, about: About, key: Key) -> str:
    """Whose the resource is, when it is there and not this package's own; empty when it may be written."""
    release = about.release.name
    owner = transaction.owner(release, *key)
    if owner:
        return "" if owner.canonical == about.canonical else _belongs(key, owner)
    current = transaction.read(release, *key)
    is_there = current is not None and not current.is_deleted
    return f"{'/'.join(key)} is in the store and was not loaded by a package" if is_there else ""


def _belongs(key: Key, owner: Owner) -> str:
    return f"{'/'.join(key)} belongs to the package {owner.canonical}|{owner.version}"


def _conflict(source: Source, one: Accepted, told: str) -> str:
    named = {"resourceType": one.type_name, "id": one.logical_id}
    return rejection(source.path.name, one.place, named, [Issue("error", "business-rule", told)])


def check(
    store: RelationalStore, source: Source, settled: Settled, rejects: IO[str] | None = None
) -> Iterator[Report]:
    """Only hold the source against the gate, and remember it when nothing was rejected."""
    report = Report()
    for accepted in _accepted(store, source, settled, report, rejects):
        report.unchanged += len(accepted)
        yield report
    with store.write() as transaction:
        _note_validated(transaction, source, settled.release, Progress(0, report.rejected, settled.gate_name))


def _accepted(
    store: RelationalStore, source: Source, settled: Settled, report: Report, rejects: IO[str] | None
) -> Iterator[list[Accepted]]:
    """What may be stored, as it stands in the source."""
    stored = store.search_parameters(settled.parameters_by_release)
    for sent, batch in prepared(
        _tasks(source, settled, stored, 0, None), settled.rules(source, is_indexed=False), settled.processes
    ):
        _reject(batch.rejected, report, rejects)
        report.read = sent.read
        yield batch.accepted


class _Sent(NamedTuple):
    """What the writer must know of a batch: its search parameters, its size, how far it is in the source."""

    parameters: SearchParameters
    size: int
    read: int


class _Numbers:
    """Those of search parameters while the store is being filled: then index rows can be laid out."""

    def __init__(self, store: RelationalStore, release: str) -> None:
        self._release = release
        with store.write() as transaction:
            is_filling = bool(filling.kinds_aside(transaction))
            self.known = known_numbers(transaction, release) if is_filling else None

    def look_after(self, batch: Batch, transaction: Transaction) -> None:
        """Look for those that were given when a batch was written, of whose rows some were not laid out."""
        if self.known is not None and any(one.rows for one in batch.accepted):
            self.known = known_numbers(transaction, self._release)


def _tasks(
    source: Source, settled: Settled, stored: StoredParameters, skip: int, numbers: _Numbers | None
) -> Iterator[tuple[_Sent, Task]]:
    for items in batches(source.items(skip)):
        parameters = stored.snapshot().parameters[settled.release.name]
        bodies = [(item.place, item.body) for item in items]
        yield (
            _Sent(parameters, len(items), items[-1].read),
            Task(bodies, settled.now(), *own_and_others(parameters), numbers.known if numbers else None),
        )


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Bounded in number and in bytes: some resources have megabytes."""
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item.body)
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _indexed_again(batch: Batch, parameters: SearchParameters) -> Batch:
    """By the search parameters as they are now: a SearchParameter was written after the batch was sent."""
    again = [
        one._replace(rows=[(*row,) for row in index_rows(fhir_json.parse(one.body), parameters)])
        for one in batch.accepted
    ]
    return Batch(again, batch.rejected)


def _reject(lines: Sequence[str], report: Report, rejects: IO[str] | None) -> None:
    """Written down before the batch is committed, so that none is lost."""
    report.rejected += len(lines)
    if rejects and lines:
        rejects.writelines(f"{line}\n" for line in lines)
        rejects.flush()


def _write(
    transaction: Transaction,
    batch: Batch,
    source: Source,
    settled: Settled,
    parameters: SearchParameters,
    report: Report,
) -> list[str]:
    """Store what is new or changed; returns the lines of what may not be written over."""
    release, accepted = settled.release.name, batch.accepted
    known = _known(transaction, release, accepted)
    places = [n for n, one in enumerate(accepted) if (one.type_name, one.logical_id) not in known]
    new = [
        Prepared(StoredVersion(one.type_name, one.logical_id, 1, one.stamped_at, one.body), one.rows)
        for one in map(accepted.__getitem__, places)
    ]
    laid = only(batch.laid, places) if known else batch.laid
    insert_new(transaction, release, new, filling.kinds_aside(transaction), laid)
    report.created += len(new)
    changed = (one for one in accepted if (one.type_name, one.logical_id) in known)
    refusals = [_update(transaction, one, source, settled, parameters, report) for one in changed]
    return [line for line in refusals if line]


def _known(transaction: Transaction, release: str, accepted: Iterable[Accepted]) -> set[Key]:
    by_type: dict[str, list[str]] = {}
    for one in accepted:
        by_type.setdefault(one.type_name, []).append(one.logical_id)
    return {
        (type_name, logical_id)
        for type_name, ids in by_type.items()
        for logical_id in known_ids(transaction, release, type_name, ids)
    }


def _update(
    transaction: Transaction,
    one: Accepted,
    source: Source,
    settled: Settled,
    parameters: SearchParameters,
    report: Report,
) -> str | None:
    """Store a new version, unless the resource is as it was or belongs to a package; that is returned."""
    release, key = settled.release.name, (one.type_name, one.logical_id)
    resource = fhir_json.parse(one.body)
    owner = transaction.owner(release, *key)
    if owner:
        return _conflict(source, one, _belongs(key, owner))
    current = transaction.read(release, *key)
    assert current is not None
    before = fhir_json.parse(current.body) if current.body is not None else {}
    if fhir_json.is_same(without_stamp(before), without_stamp(resource)):
        report.unchanged += 1
        return None
    version_id, now = current.version_id + 1, settled.now()
    version = StoredVersion(*key, version_id, now, stamp(resource, version_id, now))
    transaction.put(release, version, index_rows(resource, parameters))
    report.updated += 1
    return None


def _note_validated(transaction: Transaction, source: Source, release: Release, progress: Progress) -> None:
    if progress.gate and not progress.rejected:
        transaction.set_property(_validated_name(source, release), progress.gate)


def _progress_name(source: Source, release: Release) -> str:
    return f"bulk {release.name} {source.digest}"


def _validated_name(source: Source, release: Release) -> str:
    return f"validated {release.name} {source.digest}"
