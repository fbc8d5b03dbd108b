"""FHIR NPM packages of what is built: one for each release, the same bytes wherever they are made.

https://hl7.org/fhir/R4/packages.html and https://confluence.hl7.org/display/FHIR/NPM+Package+Specification

    package/package.json                         from the ImplementationGuide
    package/.index.json                          what clients look resources up by
    package/<Type>-<id>.json                     the committed files as they are
    package/example/<Type>-<id>.json             examples, with an index of their own

The names are sorted, times and owners are 0. The gzip stream is stored, not compressed: what zlib makes of
the same bytes differs between its versions, and a checksum that clients keep must not.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tarfile
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fhir_service.content.build import EXAMPLES, GUIDE, MANIFEST
from fhir_service.content.load import find_packages
from fhir_service.content.serialize import dump
from fhir_service.releases import RELEASES

_INDEXED = ("resourceType", "id", "url", "version", "kind", "type", "supplements", "content")
_LONGEST_BLOCK = 0xFFFF


@dataclass(frozen=True)
class NpmPackage:
    """One package: its package.json, and the files below `package/` by name."""

    manifest: Mapping[str, Any]
    files: Mapping[str, bytes]

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @property
    def version(self) -> str:
        return str(self.manifest["version"])

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}.tgz"

    @cached_property
    def tarball(self) -> bytes:
        return stored_gzip(_tar(self.files))

    @cached_property
    def shasum(self) -> str:
        """The SHA-1 that npm's older clients compare; `integrity` is what newer ones do."""
        return hashlib.sha1(self.tarball, usedforsecurity=False).hexdigest()

    @cached_property
    def integrity(self) -> str:
        """https://www.w3.org/TR/SRI/"""
        return f"sha512-{b64encode(hashlib.sha512(self.tarball).digest()).decode()}"


def npm_packages(resources: Path) -> list[NpmPackage]:
    """The package of each release that is built below the resources folder."""
    return [package for release in RELEASES if (package := npm_package(resources, release))]


def npm_package(resources: Path, release: str) -> NpmPackage | None:
    """The package of a release; None where no ImplementationGuide is built."""
    guides = sorted((resources / GUIDE / "fhir" / release).glob("ImplementationGuide-*.json"))
    if not guides:
        return None
    manifest = _manifest(json.loads(guides[0].read_bytes()), release)
    definitions = {
        f"{type_name}-{logical_id}.json": body
        for package in find_packages(resources)
        if package.release == release
        for (type_name, logical_id), body in package.content.items()
    }
    examples = {
        file.name: file.read_bytes()
        for built in resources.rglob(f"fhir/{MANIFEST}")
        for file in (built.parent / release / EXAMPLES).glob("*.json")
    }
    files = {
        "package.json": dump(manifest),
        ".index.json": _index(definitions),
        **definitions,
        **({f"{EXAMPLES}/.index.json": _index(examples)} if examples else {}),
        **{f"{EXAMPLES}/{name}": body for name, body in examples.items()},
    }
    return NpmPackage(manifest, files)


def _manifest(guide: Mapping[str, Any], release: str) -> dict[str, Any]:
    """package.json; a licence stands in it when the guide names one."""
    fhir_version = RELEASES[release].fhir_version
    base = guide["url"].partition("/ImplementationGuide/")[0]
    licence = {"license": guide["license"]} if "license" in guide else {}
    return {
        "name": guide["packageId"],
        "version": guide["version"],
        "tools-version": 3,
        "type": "IG",
        "date": f"{guide['date'].replace('-', '')}000000",
        **licence,
        "canonical": base,
        "url": guide["url"],
        "title": guide["title"],
        "description": guide["description"],
        "fhirVersions": [fhir_version],
        "dependencies": {f"hl7.fhir.{release}.core": fhir_version},
        "author": guide["publisher"],
        "directories": {"lib": "package", "example": EXAMPLES},
    }


def _index(files: Mapping[str, bytes]) -> bytes:
    entries = []
    for name, body in sorted(files.items()):
        resource = json.loads(body)
        said = {key: resource[key] for key in _INDEXED if isinstance(resource.get(key), str)}
        entries.append({"filename": name, **said})
    return dump({"index-version": 1, "files": entries})


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        # The manifest first: a client that reads a stream then knows at once what it has.
        for name in sorted(files, key=lambda name: (name != "package.json", name)):
            member = tarfile.TarInfo(f"package/{name}")  # time, owner and group are 0
            member.size = len(files[name])
            archive.addfile(member, io.BytesIO(files[name]))
    return buffer.getvalue()


def stored_gzip(data: bytes) -> bytes:
    """A gzip file without compression: https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4"""
    header = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"  # no name, no time, system not told
    return header + b"".join(_blocks(data)) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def _blocks(data: bytes) -> Iterator[bytes]:
    starts = range(0, len(data), _LONGEST_BLOCK) or range(1)
    for start in starts:
        block = data[start : start + _LONGEST_BLOCK]
        is_last = start + _LONGEST_BLOCK >= len(data)
        yield struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF) + block
