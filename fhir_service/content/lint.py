"""Checks the sources whole: their shape, what is built from them in memory, every rule. Writes nothing.

https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .build import COMMON, TOPICS, Folder, Progress, build_folders, silently
from .finding import Finding
from .rules import Material, evaluate
from .rules.rule import Resource
from .source import Sources, read_sources
from .versions import changed_words


@dataclass(frozen=True)
class Checked:
    """What was read and built, and every finding. Folders are empty when the sources could not be read."""

    findings: tuple[Finding, ...]
    sources: Sources | None
    folders: tuple[Folder, ...] = ()

    def materials(self) -> list[Material]:
        """What the rules look at, topic by topic."""
        if self.sources is None:
            return []
        return _materials(self.sources, self.folders)


def check(resources: Path, progress: Progress = silently) -> Checked:
    """Read, build in memory and judge. A source with faults is not built: its own findings come first."""
    sources, findings = read_sources(resources)
    if sources is None or findings:
        return Checked(tuple(findings), sources)
    checked = judge(sources, progress)
    published = [
        finding for topic in sources.topics for finding in changed_words(resources, topic, sources.publisher)
    ]
    return replace(checked, findings=tuple(sorted({*checked.findings, *published})))


def judge(sources: Sources, progress: Progress = silently) -> Checked:
    """Build in memory what could be read, and apply every rule."""
    folders = tuple(build_folders(sources.publisher, sources.topics, progress))
    found = [finding for material in _materials(sources, folders) for finding in evaluate(material)]
    return Checked(tuple(sorted({*found, *_twice(folders)})), sources, folders)


def _materials(sources: Sources, folders: Sequence[Folder]) -> list[Material]:
    by_name = {folder.folder: folder for folder in folders}
    nothing = Folder("", "", "")
    common = by_name.get(COMMON, nothing).resources
    return [
        Material(topic, sources.publisher, sources.codes, folder.resources, common, folder.drafts)
        for topic in sources.topics
        for folder in [by_name.get(f"{TOPICS}/{topic.slug}", nothing)]
    ]


def _twice(folders: Sequence[Folder]) -> list[Finding]:
    """Ids that two folders both built: the second one would replace the first when it is loaded."""
    owners: dict[tuple[str, str, str], str] = {}
    findings = []
    for folder in folders:
        for name, release, resource in (*_named(folder.resources), *_named(folder.drafts)):
            owner = owners.setdefault((release, resource["resourceType"], resource["id"]), folder.folder)
            if owner != folder.folder:
                path = f"{folder.folder}/fhir/{release}/{name}"
                message = f"duplicate id `{resource['id']}`: {owner} has it too; allowed: an id of its own"
                findings.append(Finding(path, 1, message))
    return findings


def _named(built: Mapping[str, Sequence[Resource]]) -> list[tuple[str, str, Resource]]:
    return [
        (f"{resource['resourceType']}-{resource['id']}.json", release, resource)
        for release, resources in built.items()
        for resource in resources
    ]
