"""Building the resources: every topic and what topics share, in every release, as files to commit.

https://hl7.org/fhir/R4/json.html

    resources/common/fhir/<release>/<Type>-<id>.json            shared by all topics
    resources/topics/<slug>/fhir/<release>/<Type>-<id>.json     one topic
    resources/guide/fhir/<release>/<Type>-<id>.json             the ImplementationGuide over all of them
    .../fhir/<release>/example/<Type>-<id>.json                 examples: packaged, but never loaded
    .../fhir/<release>/draft/<Type>-<id>.json                   unreviewed translations: never packaged, and
                                                                loaded only where the operator says so
    resources/topics/<slug>/fhir/topic.json                     the topic as the doors beside FHIR read it
    resources/common/fhir/publisher.json                        the publisher, likewise
    .../fhir/build.json                                         sha256 of the sources and of each built file

Everything is built and checked in memory; only then is a file written, and each manifest after its files.
Whether a build is stale is told by these hashes alone, never by file times.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fhir_service.releases import RELEASES

from .builders import build_common, build_drafts, build_examples, build_guide, build_topic
from .neutral import PUBLISHER_FILE, TOPIC_FILE, publisher_file, topic_file
from .publisher import Publisher
from .serialize import dump
from .topic import Topic

MANIFEST = "build.json"
COMMON = "common"
GUIDE = "guide"
EXAMPLES = "example"
DRAFTS = "draft"
TOPICS = "topics"
MENDS = "run `make build`"
SHARED_SOURCES = ("publisher.yaml", "common.yaml", "codes.csv", "notices.*.md", "pages.*.yaml")

Resources = list[dict[str, Any]]
Files = dict[str, bytes]
"""Path below the resources folder -> content."""


@dataclass(frozen=True)
class Step:
    """One folder in one release: the unit of work that a progress bar counts."""

    folder: str
    release: str
    build: Callable[[], Resources]
    below: str = ""
    """the folder in the release's folder: EXAMPLES, DRAFTS, or none"""


@dataclass(frozen=True)
class Folder:
    """One built package: what it is called, and by release its resources and what is kept apart."""

    folder: str
    canonical: str
    version: str
    resources: dict[str, Resources] = field(default_factory=dict)
    examples: dict[str, Resources] = field(default_factory=dict)
    drafts: dict[str, Resources] = field(default_factory=dict)
    neutral: Files = field(default_factory=dict)
    """what it is made from, in no release of FHIR: name -> content"""

    @property
    def parts(self) -> dict[str, dict[str, Resources]]:
        """By the folder in the release's folder."""
        return {"": self.resources, EXAMPLES: self.examples, DRAFTS: self.drafts}


Progress = Callable[[list[Step]], Iterable[Step]]
"""Hands on the steps one by one, and may show how far they are."""


def silently(steps: list[Step]) -> Iterable[Step]:
    return steps


def build_folders(
    publisher: Publisher, topics: Iterable[Topic], progress: Progress = silently
) -> list[Folder]:
    """Build everything in memory: the shared folder, one for each topic, and last what lists them."""
    topics = list(topics)
    folders = [_folder(COMMON, COMMON, publisher.version, publisher)]
    folders[0].neutral[PUBLISHER_FILE] = publisher_file(publisher)
    for topic in topics:
        folders.append(_folder(f"{TOPICS}/{topic.slug}", topic.slug, topic.version, publisher))
        folders[-1].neutral[TOPIC_FILE] = topic_file(topic)
    folders.append(_folder(GUIDE, GUIDE, publisher.version, publisher))
    by_name = {folder.folder: folder for folder in folders}
    for step in progress(_steps(publisher, topics, folders)):
        by_name[step.folder].parts[step.below][step.release] = step.build()
    return folders


def _folder(path: str, name: str, version: str, publisher: Publisher) -> Folder:
    return Folder(path, publisher.canonical("ImplementationGuide", name), version)


def _steps(publisher: Publisher, topics: list[Topic], folders: list[Folder]) -> list[Step]:
    """In their order: the guide's comes after those of all that it lists."""
    steps = []
    for name, release in RELEASES.items():
        steps.append(Step(COMMON, name, partial(build_common, publisher, release)))
        for topic in topics:
            folder = f"{TOPICS}/{topic.slug}"
            steps.append(Step(folder, name, partial(build_topic, topic, publisher, release)))
            examples = partial(build_examples, topic, publisher, release)
            steps.append(Step(folder, name, examples, EXAMPLES))
            steps.append(Step(folder, name, partial(build_drafts, topic, publisher, release), DRAFTS))
        steps.append(Step(GUIDE, name, partial(_guide, publisher, name, folders)))
    return steps


def _guide(publisher: Publisher, release: str, folders: list[Folder]) -> Resources:
    resources = [one for folder in folders for one in folder.resources.get(release, ())]
    examples = [one for folder in folders for one in folder.examples.get(release, ())]
    return [build_guide(publisher, RELEASES[release], resources, examples)]


def files_of(folder: Folder, resources: Path) -> Files:
    """The files of one folder, its manifest last."""
    files: Files = {f"{folder.folder}/fhir/{name}": content for name, content in folder.neutral.items()}
    for below, by_release in folder.parts.items():
        for release, built in by_release.items():
            place = "/".join(part for part in (folder.folder, "fhir", release, below) if part)
            for resource in built:
                path = f"{place}/{resource['resourceType']}-{resource['id']}.json"
                if path in files:
                    raise ValueError(f"Two resources are called `{path}`.")
                files[path] = dump(resource)
    manifest = {
        "canonical": folder.canonical,
        "version": folder.version,
        "sources": {path: _sha256(resources / path) for path in source_paths(resources, folder.folder)},
        "outputs": {path: hashlib.sha256(content).hexdigest() for path, content in sorted(files.items())},
    }
    files[f"{folder.folder}/fhir/{MANIFEST}"] = dump(manifest)
    return files


def source_paths(resources: Path, folder: str) -> list[str]:
    """Every file that a folder is built from, in a stable order."""
    paths = [path for pattern in SHARED_SOURCES for path in resources.glob(pattern)]
    if folder == GUIDE:
        paths += [path for path in (resources / TOPICS).glob("*/*") if path.is_file()]
    elif folder != COMMON:
        paths += [path for path in (resources / folder).iterdir() if path.is_file()]
    return sorted(path.relative_to(resources).as_posix() for path in paths)


# --- on disk --------------------------------------------------------------------------------------------


def write(resources: Path, files: Files) -> list[str]:
    """Write what differs and remove what is no longer built; return the paths that changed."""
    changed = [path for path, content in files.items() if not _holds(resources / path, content)]
    for path in changed:
        _replace(resources / path, files[path])
    gone = [path for path in _built_paths(resources) if path not in files]
    for path in gone:
        (resources / path).unlink()
    return changed + gone


def differences(resources: Path, files: Files) -> list[str]:
    """What `write` would change, in words that name the command that mends it."""
    found = []
    for path, content in files.items():
        if not (resources / path).is_file():
            found.append(f"{path} is missing: {MENDS}")
        elif not _holds(resources / path, content):
            found.append(f"{path} is stale: {MENDS}")
    extra = (path for path in _built_paths(resources) if path not in files)
    return found + [f"{path} is no longer built: {MENDS}" for path in extra]


def stale(resources: Path) -> list[str]:
    """What the recorded hashes say of the files on disk; nothing is built. Cheap enough for every start."""
    folders = [
        COMMON,
        *(path.parent.relative_to(resources).as_posix() for path in _topic_files(resources)),
        GUIDE,
    ]
    return [finding for folder in folders for finding in _stale(resources, folder)]


def _stale(resources: Path, folder: str) -> Iterator[str]:
    manifest = resources / folder / "fhir" / MANIFEST
    try:
        recorded = json.loads(manifest.read_bytes())
    except (FileNotFoundError, ValueError):
        yield f"{folder} is not built: {MENDS}"
        return
    sources = {path: _sha256(resources / path) for path in source_paths(resources, folder)}
    on_disk = sorted(path for path in _built_paths(resources, folder) if not path.endswith(f"/{MANIFEST}"))
    outputs = {path: _sha256(resources / path) for path in on_disk}
    for path in _different(recorded["sources"], sources):
        yield f"{folder} is stale, {path} has changed: {MENDS}"
    for path in _different(recorded["outputs"], outputs):
        yield f"{path} is not what was built: {MENDS}"


def _different(recorded: dict[str, str], found: dict[str, str]) -> list[str]:
    return sorted(path for path in recorded | found if recorded.get(path) != found.get(path))


def _topic_files(resources: Path) -> list[Path]:
    return sorted((resources / TOPICS).glob("*/topic.yaml"))


def _built_paths(resources: Path, folder: str | None = None) -> list[str]:
    """Every file in the `fhir` folders, with or without a topic beside it."""
    roots = (
        [resources / folder]
        if folder
        else [resources / COMMON, *(resources / TOPICS).glob("*"), resources / GUIDE]
    )
    found = (path for root in roots for path in (root / "fhir").rglob("*") if path.is_file())
    return sorted(path.relative_to(resources).as_posix() for path in found)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(content)
    os.replace(draft, path)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
