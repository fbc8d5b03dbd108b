"""Files that hold many resources, as a stream: NDJSON (also gzipped), a FHIR package, a folder of JSON files.

https://hl7.org/fhir/R4/nd-json.html and https://hl7.org/fhir/R4/packages.html
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from fhir_service.releases import RELEASES, Release


class SourceError(ValueError):
    """A file that is no source of resources; the message says what one is."""


class Item(NamedTuple):
    """One resource as it stands in the source; `place` is a line or a file name, `read` the bytes so far."""

    place: str
    body: bytes
    read: int


@dataclass(frozen=True)
class About:
    """What a package says of itself; `dependencies` are package names with their versions."""

    canonical: str
    version: str
    release: Release
    dependencies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """`size` is what `Item.read` grows to, for a progress bar; `about` is None for what is no package."""

    path: Path
    kind: str
    size: int
    about: About | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file; of a folder, of the names and contents of its files."""
        if self.path.is_file():
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256()
        for item in _files(self.path):
            digest.update(f"{item.place} {len(item.body)}\n".encode())
            digest.update(item.body)
        return digest.hexdigest()

    def items(self, skip: int = 0) -> Iterator[Item]:
        """Every resource in order, without the first `skip`."""
        reader = {"ndjson": _lines, "package": _members, "folder": _files}[self.kind]
        for number, item in enumerate(reader(self.path)):
            if number >= skip:
                yield item


def open_source(path: Path) -> Source:
    """Look at what a path holds; SourceError says what is accepted."""
    if path.is_dir():
        return Source(path, "folder", sum(file.stat().st_size for file in path.rglob("*.json")))
    name = path.name
    if name.endswith((".ndjson", ".ndjson.gz")):
        return Source(path, "ndjson", path.stat().st_size)
    if name.endswith((".tgz", ".tar.gz")):
        return Source(path, "package", path.stat().st_size, _about(path))
    raise SourceError(
        f"{path}: give a file named *.ndjson, *.ndjson.gz or *.tgz (a FHIR package), or a folder"
    )


def _about(path: Path) -> About:
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            if _inside(member) == "package/package.json":
                manifest = json.loads(_content(archive, member))
                break
        else:
            raise SourceError(f"{path}: there is no package/package.json, so it is no FHIR package")
    versions = manifest.get("fhirVersions") or manifest.get("fhir-version-list") or []
    for release in RELEASES.values():
        if release.fhir_version in versions:
            dependencies = manifest.get("dependencies") or {}
            return About(manifest["name"], manifest["version"], release, dependencies)
    known = ", ".join(release.fhir_version for release in RELEASES.values())
    raise SourceError(f"{path}: it is for FHIR {', '.join(versions) or '(not said)'}; served are {known}")


def _lines(path: Path) -> Iterator[Item]:
    with path.open("rb") as raw, ExitStack() as opened:
        lines: Iterable[bytes] = raw
        if path.suffix == ".gz":
            lines = opened.enter_context(gzip.open(raw))
        for number, line in enumerate(lines, 1):
            yield Item(f"line {number}", line.strip(), raw.tell())


def _members(path: Path) -> Iterator[Item]:
    with path.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|gz") as archive:
        for member in archive:
            name = _inside(member)
            folder, _, file = name.rpartition("/")
            # Other folders, inside `package` or (in old packages) beside it, hold examples and renderings,
            # which a package does not define; files that begin with a dot are its index.
            if folder == "package" and member.isfile() and file.endswith(".json") and file[0] != ".":
                body = _content(archive, member)
                if b'"resourceType"' in body:
                    yield Item(name, body, raw.tell())


def _files(path: Path) -> Iterator[Item]:
    read = 0
    for file in sorted(path.rglob("*.json")):
        body = file.read_bytes()
        read += len(body)
        if b'"resourceType"' in body:
            yield Item(str(file.relative_to(path)), body, read)


def _inside(member: tarfile.TarInfo) -> str:
    """The name in the archive; some tools write `./package/...`."""
    return member.name.removeprefix("./")


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file else b""
