"""FHIR packages of what is built: complete, and the same bytes on every machine."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fhir_service.cli import main
from fhir_service.content.package import NpmPackage, npm_package, npm_packages, stored_gzip
from fhir_service.content.source import RESOURCES
from fhir_service.releases import RELEASES


@pytest.fixture(params=sorted(RELEASES), scope="module")
def package(request: pytest.FixtureRequest) -> NpmPackage:
    found = npm_package(RESOURCES, request.param)
    assert found
    return found


def unpacked(package: NpmPackage) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(package.tarball), mode="r:gz") as archive:
        members = archive.getmembers()
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {
            (0, 0, 0, "", "", 0o644)
        }
        names = [member.name for member in members]
        assert names[0] == "package/package.json"
        assert names[1:] == sorted(names[1:])
        return {member.name: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]


def read(files: dict[str, bytes], name: str) -> Any:
    return json.loads(files[name])


def test_a_package_holds_no_draft_translation(package: NpmPackage) -> None:
    release = package.name.rpartition(".")[2]
    drafts = {file.name for file in RESOURCES.glob(f"**/fhir/{release}/draft/*.json")}
    assert len(drafts) == 3
    assert not any(name.rpartition("/")[2] in drafts for name in unpacked(package))
    assert b"education-es" not in b"".join(unpacked(package).values())


def test_a_package_holds_every_built_resource_as_it_is_committed(package: NpmPackage) -> None:
    release = package.name.rpartition(".")[2]
    committed = {f"package/{f.name}": f.read_bytes() for f in RESOURCES.glob(f"**/fhir/{release}/*.json")}
    files = unpacked(package)
    assert committed.items() <= files.items()
    others = files.keys() - committed.keys()
    assert {name for name in others if "/example/" not in name} == {
        "package/package.json",
        "package/.index.json",
    }


def test_the_manifest_names_release_and_exact_dependencies(package: NpmPackage) -> None:
    manifest = read(unpacked(package), "package/package.json")
    release = RELEASES[package.name.rpartition(".")[2]]
    assert manifest["name"] == f"test.education.content.{release.name}"
    assert manifest["fhirVersions"] == [release.fhir_version]
    assert manifest["dependencies"] == {f"hl7.fhir.{release.name}.core": release.fhir_version}
    assert manifest["canonical"] == "https://education.test/fhir"


@pytest.mark.parametrize("folder", ["package", "package/example"])
def test_the_index_lists_every_resource_of_its_folder(package: NpmPackage, folder: str) -> None:
    files = unpacked(package)
    index = read(files, f"{folder}/.index.json")
    assert index["index-version"] == 1
    listed = {f"{folder}/{entry['filename']}": entry for entry in index["files"]}
    beside = {name for name in files if name.rpartition("/")[0] == folder}
    assert listed.keys() == beside - {f"{folder}/.index.json", f"{folder}/package.json"}
    for name, entry in listed.items():
        resource = read(files, name)
        assert (entry["resourceType"], entry["id"]) == (resource["resourceType"], resource["id"])
        assert entry.get("url") == resource.get("url")


def test_the_guide_lists_everything_and_marks_the_examples(package: NpmPackage) -> None:
    files = unpacked(package)
    guide = read(files, f"package/ImplementationGuide-{package.name}.json")
    assert (guide["packageId"], guide["version"]) == (package.name, package.version)
    marks = ("isExample", "exampleBoolean", "exampleCanonical")
    listed = {
        one["reference"]["reference"]: any(one.get(mark) for mark in marks)
        for one in guide["definition"]["resource"]
    }
    held = {
        name.rpartition("/")[2].removesuffix(".json").replace("-", "/", 1): "/example/" in name
        for name in files
        if not name.endswith(("/package.json", "/.index.json"))
    }
    held.pop(f"ImplementationGuide/{package.name}")
    assert listed == held


def test_the_examples_are_test_data_about_nobody(package: NpmPackage) -> None:
    examples = [
        json.loads(body)
        for name, body in unpacked(package).items()
        if "/example/" in name and not name.endswith(".index.json")
    ]
    assert {one["resourceType"] for one in examples} == {"AdverseEvent", "Patient"}
    for example in examples:
        assert example["meta"]["tag"][0]["code"] == "HTEST"
        assert "does not exist" in example["text"]["div"]


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    """In other folders, at another time, under another umask, locale and hash seed."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(RESOURCES, copy)
    for file in copy.rglob("*"):
        os.utime(file, (time.time() + 86_400,) * 2)
    command = [
        sys.executable,
        "-m",
        "fhir_service",
        "package",
        "--resources",
        str(copy),
        "--to",
        str(tmp_path / "to"),
    ]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    subprocess.run(command, check=True, env=environment, umask=0o077)
    written = {file.name: file.read_bytes() for file in (tmp_path / "to").iterdir()}
    assert written == {package.file_name: package.tarball for package in npm_packages(RESOURCES)}


# What any version of Python and zlib must make of the committed content is what this one makes of this text.
KNOWN = "053b2dcce6dd0906cfc2cb0531df3593"


def test_the_stream_does_not_depend_on_zlib() -> None:
    data = random.Random(1).randbytes(200_000)
    stream = stored_gzip(data)
    assert gzip.decompress(stream) == data
    assert len(stream) == len(data) + 10 + 4 * 5 + 8
    assert gzip.decompress(stored_gzip(b"")) == b""
    assert hashlib.md5(stream, usedforsecurity=False).hexdigest() == KNOWN


def test_a_stale_build_is_not_packaged(tmp_path: Path) -> None:
    copy = tmp_path / "resources"
    shutil.copytree(RESOURCES, copy)
    with (copy / "topics" / "ivig-itp" / "topic.yaml").open("a") as file:
        file.write("\n")
    ran = CliRunner().invoke(main, ["package", "--resources", str(copy), "--to", str(tmp_path / "to")])
    assert ran.exit_code == 1
    assert "guide is stale" in ran.output
    assert not (tmp_path / "to").exists()
