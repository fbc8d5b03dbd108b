"""Building to files: complete, stable, and stale when it should be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fhir_service.content.build import (
    Files,
    Step,
    build_folders,
    differences,
    files_of,
    stale,
    write,
)
from fhir_service.content.neutral import PUBLISHER_FILE, TOPIC_FILE
from fhir_service.content.source import RESOURCES, load_sources
from tests.content.conftest import TOPICS

MENDS = "run `make build`"
LISTED = ("topics/ivig-itp", "guide")


def build(resources: Path) -> Files:
    sources = load_sources(resources)
    folders = build_folders(sources.publisher, sources.topics)
    return {path: content for folder in folders for path, content in files_of(folder, resources).items()}


@pytest.fixture
def built(resources: Path) -> Path:
    """The sources with their build beside them."""
    write(resources, build(resources))
    return resources


def test_the_committed_build_is_that_of_the_committed_sources() -> None:
    assert differences(RESOURCES, build(RESOURCES)) == []
    assert stale(RESOURCES) == []


def test_a_build_writes_each_file_once(resources: Path) -> None:
    files = build(resources)
    assert sorted(write(resources, files)) == sorted(files)
    assert write(resources, files) == []
    assert not list(resources.rglob("*.draft"))


def test_files_are_indented_utf8_with_a_newline_at_the_end(resources: Path) -> None:
    for path, content in build(resources).items():
        text = content.decode()
        assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n", path


def test_a_file_is_named_by_release_type_and_id(resources: Path) -> None:
    for path, content in build(resources).items():
        name = Path(path)
        if name.name not in ("build.json", TOPIC_FILE, PUBLISHER_FILE):
            resource = json.loads(content)
            assert name.name == f"{resource['resourceType']}-{resource['id']}.json"
            folder = name.parent.parent if name.parent.name in ("example", "draft") else name.parent
            assert folder.name in ("r4", "r4b", "r5")


def test_an_absent_build_is_named_with_the_command_that_mends_it(resources: Path) -> None:
    folders = ("common", "topics/ivig-itp", "guide")
    assert stale(resources) == [f"{folder} is not built: {MENDS}" for folder in folders]


def test_a_manifest_that_cannot_be_read_is_no_build(built: Path) -> None:
    (built / "common" / "fhir" / "build.json").write_text("{")
    assert stale(built) == [f"common is not built: {MENDS}"]


@pytest.mark.parametrize("source", ["topic.yaml", "text.en.md", "facts.csv"])
def test_a_changed_topic_source_makes_its_topic_and_the_guide_stale(built: Path, source: str) -> None:
    with (built / "topics" / "ivig-itp" / source).open("a") as file:
        file.write("\n")
    path = f"topics/ivig-itp/{source}"
    assert stale(built) == [f"{one} is stale, {path} has changed: {MENDS}" for one in LISTED]


@pytest.mark.parametrize("source", ["publisher.yaml", "common.yaml", "codes.csv", "notices.en.md"])
def test_a_changed_shared_source_makes_everything_stale(built: Path, source: str) -> None:
    with (built / source).open("a") as file:
        file.write("\n")
    assert len(stale(built)) == 3


def test_a_new_language_makes_its_topic_stale(built: Path) -> None:
    (built / "topics" / "ivig-itp" / "text.es.md").write_text("# Hola\n")
    path = "topics/ivig-itp/text.es.md"
    assert stale(built) == [f"{one} is stale, {path} has changed: {MENDS}" for one in LISTED]


def test_a_built_file_that_was_edited_or_lost_is_named(built: Path) -> None:
    folder = "topics/ivig-itp/fhir/r5"
    edited, lost = (f"{folder}/{name}.json" for name in ("Medication-ivig", "Library-ivig-itp-library"))
    (built / edited).write_text("{}\n")
    (built / lost).unlink()
    assert stale(built) == [
        f"{lost} is not what was built: {MENDS}",
        f"{edited} is not what was built: {MENDS}",
    ]
    files = build(built)
    assert set(differences(built, files)) == {f"{edited} is stale: {MENDS}", f"{lost} is missing: {MENDS}"}


def test_what_is_no_longer_built_is_named_and_removed(built: Path) -> None:
    path = "topics/ivig-itp/fhir/r4/Medication-gone.json"
    (built / path).write_text("{}\n")
    files = build(built)
    assert stale(built) == [f"{path} is not what was built: {MENDS}"]
    assert differences(built, files) == [f"{path} is no longer built: {MENDS}"]
    assert write(built, files) == [path]
    assert stale(built) == []


def test_a_touched_file_is_not_stale(built: Path) -> None:
    for path in built.rglob("*"):
        path.touch()
    assert stale(built) == []


def test_dropping_a_topics_folder_in_place_is_all_it_takes(built: Path) -> None:
    """A second, invented topic without a product or side effects: nothing is wired to IVIG."""
    before = {path: (built / path).read_bytes() for path in build(built) if not path.startswith("guide/")}
    shutil.copytree(TOPICS / "hand-washing", built / "topics" / "hand-washing")
    files = build(built)
    assert {path: files[path] for path in before} == before
    added = {path for path in files if path not in before}
    assert "topics/hand-washing/fhir/r5/Composition-hand-washing-education-en.json" in added
    write(built, files)
    assert stale(built) == []


def test_a_removed_topics_build_is_removed(built: Path) -> None:
    (built / "topics" / "ivig-itp" / "topic.yaml").unlink()
    sources = load_sources(RESOURCES)
    (common, *_) = build_folders(sources.publisher, ())
    gone = write(built, files_of(common, built))
    assert not list((built / "topics").rglob("*.json"))
    assert len(gone) > 100


def test_progress_sees_every_step() -> None:
    sources = load_sources(RESOURCES)
    seen: list[tuple[str, str]] = []

    def progress(steps: list[Step]) -> list[Step]:
        seen.extend((step.folder, step.release) for step in steps)
        return steps

    build_folders(sources.publisher, sources.topics, progress)
    assert len(seen) == 15
    assert seen.index(("guide", "r4")) > seen.index(("topics/ivig-itp", "r4"))
