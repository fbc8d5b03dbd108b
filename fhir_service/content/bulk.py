"""Loading many resources: streamed, in batches, each batch a transaction, going on where it stopped.

What is not accepted is written to a file, one line each with the reasons, and does not stop the load.

    parse    a line that is no JSON object, or no resource with an id, is rejected
    gate     the validator, unless the source is trusted
    index    every search parameter
    write    new ids by whole batches; known ones one by one, unchanged ones not at all
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import IO, Any, NamedTuple

from fhir_service.content.load import Package, load_packages
from fhir_service.content.sources import Item, Source
from fhir_service.errors import Issue, ServiceError
from fhir_service.formats import fhir_json
from fhir_service.formats.meta import stamp, without_stamp
from fhir_service.releases import Release
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.store.bulk import Prepared, insert_new, known_ids
from fhir_service.store.contract import StoredVersion
from fhir_service.store.relational import RelationalStore
from fhir_service.store.transaction import Transaction

BATCH = 500

Gate = Callable[[dict[str, Any]], Sequence[Issue]]


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

    @property
    def parameters(self) -> SearchParameters:
        return self.parameters_by_release[self.release.name]


Key = tuple[str, str]
"""Resource type and logical id."""


class Accepted(NamedTuple):
    item: Item
    resource: dict[str, Any]


def bulk_load(
    store: RelationalStore, source: Source, settled: Settled, rejects: IO[str] | None = None
) -> Generator[Report, None, None]:
    """Load the source; yields the growing report after each batch. Calling it again goes on."""
    name = f"bulk {settled.release.name} {_fingerprint(source)}"
    with store.write() as transaction:
        done = int(transaction.property(name) or 0)
    report = Report()
    items = source.items(skip=done)
    while batch := list(islice(items, BATCH)):
        # Of one id the last one counts.
        accepted = dict(accept(batch, settled, report, rejects))
        with store.write() as transaction:
            _write(transaction, accepted, settled, report, rejects)
            done += len(batch)
            transaction.set_property(name, str(done))
        report.read = batch[-1].read
        yield report
    with store.write() as transaction:
        transaction.set_property(name, "0")  # a load that reached the end may be run again from the start


def load_package(
    store: RelationalStore, source: Source, settled: Settled, rejects: IO[str] | None = None
) -> Iterator[Report]:
    """Load a FHIR package, which then owns what it brings; yields one growing report.

    It is read whole before anything is written: a newer version of a package replaces an older one in one
    transaction, or not at all.
    """
    assert source.about is not None
    report = Report()
    content: dict[Key, bytes] = {}
    items = source.items()
    while batch := list(islice(items, BATCH)):
        content.update((key, one.item.body) for key, one in accept(batch, settled, report, rejects))
        report.read = batch[-1].read
        yield report
    about = source.about
    package = Package(about.canonical, about.version, about.release.name, content, origin="file")
    loaded = load_packages(
        store, [package], settled.parameters_by_release, now=settled.now, removes_others=False
    )
    report.created, report.updated = loaded.created, loaded.updated
    report.unchanged, report.deleted = loaded.unchanged, loaded.deleted
    yield report


def accept(
    batch: Iterable[Item], settled: Settled, report: Report, rejects: IO[str] | None
) -> Iterator[tuple[Key, Accepted]]:
    """The resources that may be stored; the others are counted and written down."""
    for item in batch:
        try:
            resource = fhir_json.parse(item.body)
            issues = list(_problems(resource, settled))
        except ServiceError as error:
            resource, issues = {}, list(error.issues)
        if issues:
            _reject(item, resource, issues, report, rejects)
        else:
            yield (resource["resourceType"], resource["id"]), Accepted(item, resource)


def _problems(resource: dict[str, Any], settled: Settled) -> Iterator[Issue]:
    type_name, logical_id = resource.get("resourceType"), resource.get("id")
    if type_name not in settled.release.resource_types:
        yield Issue("error", "invalid", f"`{type_name}` is no resource type of FHIR {settled.release.label}")
    elif type_name not in settled.types:
        yield Issue(
            "error", "not-supported", f"{type_name} is not served: FHIR_SERVICE_TYPES=all serves every type"
        )
    elif not isinstance(logical_id, str):
        yield Issue("error", "required", f"This {type_name} has no id", (f"{type_name}.id",))
    elif settled.gate:
        yield from (issue for issue in settled.gate(resource) if issue.severity in ("error", "fatal"))


def _reject(
    item: Item, resource: dict[str, Any], issues: Sequence[Issue], report: Report, rejects: IO[str] | None
) -> None:
    report.rejected += 1
    if rejects:
        named = {"resourceType": resource.get("resourceType"), "id": resource.get("id")}
        line = {"place": item.place, **named, "issues": [asdict(issue) for issue in issues]}
        rejects.write(json.dumps(line, ensure_ascii=False) + "\n")


def _write(
    transaction: Transaction,
    accepted: dict[Key, Accepted],
    settled: Settled,
    report: Report,
    rejects: IO[str] | None,
) -> None:
    release, now = settled.release.name, settled.now()
    known = _known(transaction, release, accepted)
    new = [
        Prepared(
            StoredVersion(*key, 1, now, stamp(one.resource, 1, now)),
            index_rows(one.resource, settled.parameters),
        )
        for key, one in accepted.items()
        if key not in known
    ]
    insert_new(transaction, release, new)
    report.created += len(new)
    for key, one in accepted.items():
        if key in known:
            _update(transaction, key, one, settled, now, report, rejects)


def _known(transaction: Transaction, release: str, accepted: Iterable[Key]) -> set[Key]:
    by_type: dict[str, list[str]] = {}
    for type_name, logical_id in accepted:
        by_type.setdefault(type_name, []).append(logical_id)
    return {
        (type_name, logical_id)
        for type_name, ids in by_type.items()
        for logical_id in known_ids(transaction, release, type_name, ids)
    }


def _update(
    transaction: Transaction,
    key: Key,
    one: Accepted,
    settled: Settled,
    now: int,
    report: Report,
    rejects: IO[str] | None,
) -> None:
    """Store a new version, unless the resource is as it was or belongs to a package."""
    release = settled.release.name
    owner = transaction.owner(release, *key)
    if owner:
        belongs = f"{'/'.join(key)} belongs to the package {owner.canonical}|{owner.version}"
        _reject(one.item, one.resource, [Issue("error", "business-rule", belongs)], report, rejects)
        return
    current = transaction.read(release, *key)
    assert current is not None
    before = fhir_json.parse(current.body) if current.body is not None else {}
    if fhir_json.is_same(without_stamp(before), without_stamp(one.resource)):
        report.unchanged += 1
        return
    version_id = current.version_id + 1
    version = StoredVersion(*key, version_id, now, stamp(one.resource, version_id, now))
    transaction.put(release, version, index_rows(one.resource, settled.parameters))
    report.updated += 1


def _fingerprint(source: Source) -> str:
    """Tells whether an interrupted load was of this very source."""
    digest = hashlib.sha256(f"{source.path.name} {source.size}".encode())
    if source.path.is_file():
        with source.path.open("rb") as file:
            digest.update(file.read(1 << 20))
    return digest.hexdigest()[:32]
