"""Loading FHIR packages with what they depend on, in old and new layouts."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fhir_service.cli import main
from fhir_service.content.dependencies import plan
from fhir_service.content.sources import SourceError, open_source
from fhir_service.store import open_store

Files = Mapping[str, Any]


def code_system(logical_id: str) -> dict[str, Any]:
    return {
        "resourceType": "CodeSystem",
        "id": logical_id,
        "url": f"http://packages.test/{logical_id}",
        "status": "active",
        "content": "not-present",
    }


def package(path: Path, *needs: str, files: Files | None = None, **members: Any) -> Path:
    """A package named as its file is, `name#version.tgz`, with a CodeSystem of its name."""
    name, _, version = path.name.removesuffix(".tgz").replace("-", "#", 1).partition("#")
    manifest = {
        "name": name,
        "version": version,
        "fhirVersions": ["4.0.1"],
        "dependencies": dict(need.split("#") for need in needs),
        **members,
    }
    content = {"package/package.json": manifest, f"package/CodeSystem-{name}.json": code_system(name)}
    with tarfile.open(path, "w:gz") as archive:
        for member_name, member in {**content, **(files or {})}.items():
            body = json.dumps(member).encode()
            member_info = tarfile.TarInfo(member_name)
            member_info.size = len(body)
            archive.addfile(member_info, io.BytesIO(body))
    return path


def order(*given: Path | str, folder: Path | None = None, loaded: tuple[str, ...] = ()) -> list[str]:
    found = plan([str(one) for one in given], folder, lambda name, version: f"{name}#{version}" in loaded)
    return [source.path.name for source in found.sources]


def test_what_a_package_needs_comes_before_it(tmp_path: Path) -> None:
    package(tmp_path / "c#1.0.0.tgz")
    package(tmp_path / "b-1.0.0.tgz", "c#1.0.0")
    top = package(tmp_path / "a#1.0.0.tgz", "b#1.0.0", "c#1.0.0")
    assert order(top) == ["c#1.0.0.tgz", "b-1.0.0.tgz", "a#1.0.0.tgz"]
    assert order("a#1.0.0", folder=tmp_path) == ["c#1.0.0.tgz", "b-1.0.0.tgz", "a#1.0.0.tgz"]
    assert order(top, loaded=("b#1.0.0",)) == ["c#1.0.0.tgz", "a#1.0.0.tgz"]


def test_a_cycle_comes_to_an_end(tmp_path: Path) -> None:
    package(tmp_path / "b#1.0.0.tgz", "a#1.0.0")
    assert order(package(tmp_path / "a#1.0.0.tgz", "b#1.0.0")) == ["b#1.0.0.tgz", "a#1.0.0.tgz"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("1.2.x", "b#1.2.10.tgz"),
        ("1.2.9", "b#1.2.9.tgz"),
        ("latest", "b#2.0.0.tgz"),
        ("2.0.x", "b#2.0.0.tgz"),
    ],
)
def test_a_version_may_be_a_pattern(tmp_path: Path, wanted: str, found: str) -> None:
    for version in ("1.2.9", "1.2.10", "2.0.0-ballot", "2.0.0"):
        package(tmp_path / f"b#{version}.tgz")
    assert order(package(tmp_path / "a#1.0.0.tgz", f"b#{wanted}"))[0] == found


def test_what_is_missing_is_named_with_who_needs_it_and_where_it_was_looked_for(tmp_path: Path) -> None:
    package(tmp_path / "b#1.0.0.tgz", "c#3.1.0")
    top = package(tmp_path / "a#1.0.0.tgz", "b#1.0.0")
    with pytest.raises(SourceError) as refused:
        order(top)
    told = f"a#1.0.0 needs b#1.0.0 needs c#3.1.0, which is neither loaded nor in {tmp_path}"
    assert str(refused.value).startswith(told)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(
        SourceError, match=f"a#1.0.0 needs b#1.0.0, which is neither loaded nor in {elsewhere}"
    ):
        order(top, folder=elsewhere)
    with pytest.raises(SourceError, match="no such file, and no such package"):
        order("x#1.0.0", folder=tmp_path)


def test_what_is_missing_may_be_left_out_and_is_named(tmp_path: Path) -> None:
    top = package(tmp_path / "a#1.0.0.tgz", "b#1.0.0")
    found = plan([str(top)], None, lambda name, version: False, allow_missing=True)
    assert [source.path for source in found.sources] == [top]
    assert found.remarks == ["a#1.0.0 needs b#1.0.0, which is missing."]


@pytest.mark.parametrize("need", ["hl7.fhir.r4.core#4.0.1", "hl7.fhir.r5.core#5.0.x", "hl7.fhir.core#4.0.1"])
def test_a_core_package_may_be_absent_and_that_is_said(tmp_path: Path, need: str) -> None:
    found = plan([str(package(tmp_path / "a#1.0.0.tgz", need))], None, lambda name, version: False)
    assert len(found.sources) == 1
    assert found.remarks == [f"{need} is not loaded: the service has HL7's definitions of that release."]


def test_a_core_package_of_another_release_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="needs hl7.fhir.r3.core#3.0.2"):
        order(package(tmp_path / "a#1.0.0.tgz", "hl7.fhir.r3.core#3.0.2"))


INDEX = {"index-version": 1, "files": [{"filename": "CodeSystem-a.json", "resourceType": "CodeSystem"}]}
EXAMPLE = {"resourceType": "Patient", "id": "example"}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="without an index"),
        pytest.param(
            {"package/.index.json": INDEX, "package/example/.index.json": INDEX}, id="with an index"
        ),
        pytest.param(
            {"package/example/Patient-example.json": EXAMPLE, "package/xml/x.json": EXAMPLE}, id="new"
        ),
        pytest.param({"example/Patient-example.json": EXAMPLE, "other/other.json": EXAMPLE}, id="old"),
        pytest.param({"package/tests/deep/Patient-example.json": EXAMPLE}, id="deep"),
    ],
)
def test_only_what_a_package_defines_is_read(tmp_path: Path, files: Files) -> None:
    source = open_source(package(tmp_path / "a#1.0.0.tgz", files=files))
    assert [item.place for item in source.items()] == ["package/CodeSystem-a.json"]


def test_old_manifests_and_names_with_a_dot_are_read(tmp_path: Path) -> None:
    path = tmp_path / "old.tgz"
    manifest = {"name": "old", "version": "1.0.0", "fhir-version-list": ["4.0.1"]}
    with tarfile.open(path, "w:gz") as archive:
        for name, member in (("package.json", manifest), ("CodeSystem-a.json", code_system("a"))):
            body = json.dumps(member).encode()
            info = tarfile.TarInfo(f"./package/{name}")
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    source = open_source(path)
    assert source.about is not None and source.about.dependencies == {}
    assert len(list(source.items())) == 1


def run(database_url: str, folder: Path, *arguments: str) -> Result:
    command = ["load", *arguments, "--rejected", str(folder / "rejected.ndjson")]
    return CliRunner().invoke(main, command, env={"FHIR_SERVICE_DATABASE_URL": database_url})


def test_the_command_loads_dependencies_first_and_once(database_url: str, tmp_path: Path) -> None:
    package(tmp_path / "b#1.0.0.tgz", "hl7.fhir.r4.core#4.0.1")
    package(tmp_path / "a#1.0.0.tgz", "b#1.0.0", "test.education.content.r4#0.1.0")
    ran = run(database_url, tmp_path, "a#1.0.0", "--packages", str(tmp_path))
    assert ran.exit_code == 0, ran.output
    assert "hl7.fhir.r4.core#4.0.1 is not loaded" in ran.output
    lines = [line for line in ran.output.splitlines() if " created" in line]
    assert [line.split(": ", 1)[0].rpartition("/")[2] for line in lines] == ["b#1.0.0.tgz", "a#1.0.0.tgz"]
    store = open_store(database_url)
    assert {name for name in ("a", "b") if store.read("r4", "CodeSystem", name)} == {"a", "b"}
    store.close()
    (tmp_path / "b#1.0.0.tgz").unlink()
    again = run(database_url, tmp_path, str(tmp_path / "a#1.0.0.tgz"))
    assert again.exit_code == 0, again.output
    assert "1 unchanged" in again.output


def test_the_command_loads_nothing_when_something_is_missing(database_url: str, tmp_path: Path) -> None:
    package(tmp_path / "c#1.0.0.tgz")
    top = package(tmp_path / "a#1.0.0.tgz", "c#1.0.0", "b#1.0.0")
    ran = run(database_url, tmp_path, str(top))
    assert ran.exit_code == 1
    assert "a#1.0.0 needs b#1.0.0, which is neither loaded nor in" in ran.output
    store = open_store(database_url)
    assert store.read("r4", "CodeSystem", "c") is None
    store.close()
