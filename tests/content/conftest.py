"""Sources to test with: the repository's own, and a copy of them that a test may break."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fhir_service.content.build import build_folders
from fhir_service.content.rules import Material
from fhir_service.content.source import RESOURCES, Sources, load_sources

TOPICS = Path(__file__).parent / "topics"
"""Invented topics that only tests serve."""


@pytest.fixture(scope="session")
def sources() -> Sources:
    return load_sources(RESOURCES)


@pytest.fixture(scope="session")
def material(sources: Sources) -> Material:
    """The IVIG topic and what is built from it; a test copies what it changes."""
    common, *folders = build_folders(sources.publisher, sources.topics)
    folder = next(folder for folder in folders if folder.folder == "topics/ivig-itp")
    topic = sources.topic("ivig-itp")
    return Material(
        topic, sources.publisher, sources.codes, folder.resources, common.resources, folder.drafts
    )


@pytest.fixture
def resources(tmp_path: Path) -> Path:
    """The sources without what is built from them or published, in a folder of their own."""
    folder = tmp_path / "resources"
    shutil.copytree(RESOURCES, folder, ignore=shutil.ignore_patterns("fhir", "versions"))
    return folder


Edit = Callable[[str, str, str], int]


@pytest.fixture
def edit(resources: Path) -> Edit:
    """Replace one piece of text in a source; returns the line it stands on."""

    def change(file: str, old: str, new: str) -> int:
        path = resources / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    return change
