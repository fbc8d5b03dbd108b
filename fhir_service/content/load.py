"""Loading built content into the store: what is served is what was built.

https://hl7.org/fhir/R4/packages.html

A folder of built files is a package: `resources/common` and each `resources/topics/<slug>`, once a release.
The loader owns exactly what it loaded and never touches anything else:

    for each package and release, under one lock and in one transaction
        content as loaded before     -> nothing to do
        an older version than loaded -> left alone, and said so
        resource new or changed      -> a new version
        resource unchanged           -> no new version
        resource no longer held      -> deleted, its history kept
        retired, and no longer       -> refused, all of it
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fhir_service.content.build import DRAFTS, MANIFEST
from fhir_service.formats import fhir_json
from fhir_service.formats.meta import stamp
from fhir_service.releases import RELEASES
from fhir_service.releases.lifecycle import leaves_retirement
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import INDEX_VERSION, IndexRow, index_rows
from fhir_service.store.contract import StoredVersion
from fhir_service.store.loads import Loads
from fhir_service.store.parameters import StoredParameters
from fhir_service.store.relational import RelationalStore
from fhir_service.store.transaction import Transaction

Content = Mapping[tuple[str, str], bytes]
"""(type, logical id) -> the built file."""


class LoadError(Exception):
    """Content that cannot be loaded; the store is as it was before."""


@dataclass(frozen=True)
class Package:
    """What one folder holds for one release."""

    canonical: str
    version: str
    release: str
    content: Content
    origin: str = "built"

    @property
    def content_hash(self) -> str:
        digest = hashlib.sha256()
        for (type_name, logical_id), body in sorted(self.content.items()):
            digest.update(f"{type_name}/{logical_id} {len(body)}\n".encode())
            digest.update(body)
        return digest.hexdigest()


@dataclass
class Loaded:
    """What a load did, for people to read."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    reindexed: int = 0
    remarks: list[str] = field(default_factory=list)


def find_packages(resources: Path, *, drafts: bool = False) -> Iterator[Package]:
    """Every built package below the resources folder, the shared one first, in a stable order.

    With `drafts` a topic's package holds the translations too that nobody has reviewed.
    """
    folders = [resources / "common", *sorted((resources / "topics").glob("*")), resources / "guide"]
    for folder in folders:
        manifest = folder / "fhir" / MANIFEST
        if manifest.is_file():
            yield from read_packages(manifest, drafts=drafts)


def read_packages(manifest: Path, *, drafts: bool = False) -> Iterator[Package]:
    about = json.loads(manifest.read_bytes())
    for release in RELEASES:
        content = {}
        folder = manifest.parent / release
        for file in [
            *sorted(folder.glob("*.json")),
            *(sorted((folder / DRAFTS).glob("*.json")) if drafts else ()),
        ]:
            type_name, _, logical_id = file.stem.partition("-")
            content[type_name, logical_id] = file.read_bytes()
        yield Package(about["canonical"], about["version"], release, content)


def published(packages: Iterable[Package], release: str, kind: str) -> list[dict[str, Any]]:
    """The resources of a type among the packages, such as SearchParameters that the service then offers."""
    return [
        json.loads(body)
        for package in packages
        if package.release == release
        for (type_name, _), body in sorted(package.content.items())
        if type_name == kind
    ]


def load_packages(
    store: RelationalStore,
    packages: Iterable[Package],
    parameters: Mapping[str, SearchParameters],
    *,
    now: Callable[[], int],
    allow_older: bool = False,
    removes_others: bool = True,
) -> Loaded:
    """Bring the store to what the packages hold; `parameters` are by release name.

    Everything happens in one transaction: when it fails, what was there is still there, whole. Built packages
    that are loaded but no longer found are removed, unless `removes_others` is off. Raises LoadError.
    """
    found = list(packages)
    with store.database.exclusive("load"), store.write() as transaction:
        loader = _Loader(transaction, store.search_parameters(parameters), now(), allow_older)
        loader.reindex_if_needed()
        for package in found:
            loader.load(package)
        if removes_others:
            loader.remove_all_but({(package.canonical, package.release) for package in found})
    return loader.loaded


class _Loader:
    """One load, inside its transaction."""

    def __init__(
        self,
        transaction: Transaction,
        parameters: StoredParameters,
        now: int,
        allow_older: bool,
    ) -> None:
        self.loaded = Loaded()
        self._transaction = transaction
        self._loads = Loads(transaction)
        self._parameters = parameters
        self._now = now
        self._allow_older = allow_older

    def reindex_if_needed(self) -> None:
        """Index rows are made by the definitions of their day: when those change, they are made anew."""
        fingerprint = index_fingerprint(self._parameters.built)
        if self._transaction.property(INDEX_DEFINITIONS) == fingerprint:
            return
        for release, type_name in self._transaction.types():
            rows_of = partial(_rows_of, self._parameters[release])
            self.loaded.reindexed += self._transaction.reindex(release, type_name, rows_of)
        self._transaction.set_property(INDEX_DEFINITIONS, fingerprint)

    def load(self, package: Package) -> None:
        before = self._loads.find(package.canonical, package.release)
        if before and before.content_hash == package.content_hash:
            self.loaded.unchanged += len(package.content)
        elif before and _order(before.version) > _order(package.version) and not self._allow_older:
            self.loaded.remarks.append(
                f"{package.canonical}|{before.version} ({package.release}) is loaded and newer than"
                f" {package.version}: left as it is"
            )
        else:
            self._replace(package)

    def _replace(self, package: Package) -> None:
        number = self._loads.save(
            package.canonical, package.release, package.version, package.content_hash, package.origin
        )
        owned = self._loads.resources(number)
        for key, body in package.content.items():
            content_hash = hashlib.sha256(body).hexdigest()
            if owned.pop(key, None) == content_hash:
                self.loaded.unchanged += 1
            else:
                serial = self._save(package, number, key, body)
                self._loads.own(serial, number, content_hash)
        for type_name, logical_id in owned:
            self._delete(package.release, type_name, logical_id)

    def _save(self, package: Package, number: int, key: tuple[str, str], body: bytes) -> int:
        type_name, logical_id = key
        resource = fhir_json.parse(body)
        if (resource.get("resourceType"), resource.get("id")) != key:
            raise LoadError(f"The file of {type_name}/{logical_id} holds another resource: build it again")
        current = self._transaction.read(package.release, type_name, logical_id)
        is_there = current is not None and not current.is_deleted
        owner = self._loads.owner(package.release, type_name, logical_id)
        if is_there and owner != number:
            holder = "was not loaded by a package" if owner is None else "belongs to another package"
            raise LoadError(
                f"{type_name}/{logical_id} ({package.release}) is in the store and {holder}: delete it there,"
                f" or give the one of {package.canonical} another id"
            )
        version_id = current.version_id + 1 if current else 1
        body = stamp(resource, version_id, self._now)
        rows = index_rows(resource, self._parameters[package.release])
        if current is not None and current.body is not None:
            self._require_lifecycle(package, fhir_json.parse(current.body), resource)
        if is_there:
            self.loaded.updated += 1
        else:
            self.loaded.created += 1
        version = StoredVersion(type_name, logical_id, version_id, self._now, body)
        self._transaction.put(package.release, version, rows)
        return self._transaction.serial(package.release, type_name, logical_id)

    def _require_lifecycle(self, package: Package, before: dict[str, Any], after: dict[str, Any]) -> None:
        if leaves_retirement(before, after, RELEASES[package.release]):
            raise LoadError(
                f"{after['resourceType']}/{after['id']} ({package.release}) is retired and cannot become"
                f" `{after.get('status')}`: give what replaces it another id, such as a topic of another name"
            )

    def _delete(self, release: str, type_name: str, logical_id: str) -> None:
        current = self._transaction.read(release, type_name, logical_id)
        if current is None or current.is_deleted:
            return
        gone = StoredVersion(type_name, logical_id, current.version_id + 1, self._now, None)
        self._transaction.put(release, gone, ())
        self._loads.disown(self._transaction.serial(release, type_name, logical_id))
        self.loaded.deleted += 1

    def remove_all_but(self, kept: set[tuple[str, str]]) -> None:
        """Remove what the packages held whose folders are gone."""
        for number, canonical, release in self._loads.all("built"):
            if (canonical, release) not in kept:
                for type_name, logical_id in self._loads.resources(number):
                    self._delete(release, type_name, logical_id)
                self._loads.forget(number)


INDEX_DEFINITIONS = "index definitions"
"""The property that names what a store's index rows were made with."""


def index_fingerprint(parameters: Mapping[str, SearchParameters]) -> str:
    """What index rows depend on besides the resources: the definitions and the way rows are made."""
    digest = hashlib.sha256(str(INDEX_VERSION).encode())
    for release in sorted(parameters):
        digest.update(json.dumps(parameters[release].data, sort_keys=True).encode())
    return digest.hexdigest()


def _rows_of(parameters: SearchParameters, body: bytes) -> list[IndexRow]:
    return index_rows(fhir_json.parse(body), parameters)


def _order(version: str) -> tuple[tuple[int, int | str], ...]:
    """Semantic versions in order; a pre-release (1.0.0-draft) stands before its release."""
    numbers, _, label = version.partition("-")
    parts: list[tuple[int, int | str]] = [
        (0, int(part)) if part.isdigit() else (1, part) for part in numbers.split(".")
    ]
    return (*parts, (1, 0) if not label else (-1, label))
