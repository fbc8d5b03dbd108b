"""What the conformance tests read: the built resources, and the cases that stand beside this file."""

import json
import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from fhir_service.content.lint import check
from fhir_service.content.source import RESOURCES
from tests.conformance.official_validator import Finding, Job, Resource
from tests.content.conftest import TOPICS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RELEASES = ("r5", "r4", "r4b")


@cache
def built_resources(release: str) -> tuple[Job, ...]:
    """Every committed resource of a release, named by its path; the packages' examples and drafts too."""
    places = (".", "example", "draft")
    return tuple(job for below in places for job in read_folder("resources/**/fhir", release, below))


@cache
def adverse_events(release: str) -> tuple[Job, ...]:
    """Adverse events as a client would write them, for our profile; the service itself holds none."""
    return read_folder("tests/conformance/adverse-events", release)


@cache
def topic_in_two_languages() -> tuple[Job, ...]:
    """The invented topic: its translation is reviewed, so that titles carry it; ours is a draft still."""
    with TemporaryDirectory() as folder:
        resources = Path(folder) / "resources"
        shutil.copytree(RESOURCES, resources, ignore=shutil.ignore_patterns("topics", "fhir"))
        shutil.copytree(TOPICS / "hand-washing", resources / "topics" / "hand-washing")
        (material,) = check(resources).materials()
    return tuple(
        Job(release, f"{one['resourceType']}/{one['id']}", one) for release, one in material.resources()
    )


def read_folder(folder: str, release: str, below: str = ".") -> tuple[Job, ...]:
    files = sorted(ROOT.glob(f"{folder}/{release}/{below}/*.json"))
    return tuple(Job(release, str(file.relative_to(ROOT)), json.loads(file.read_text())) for file in files)


@dataclass(frozen=True)
class BrokenCase:
    """A resource that must be refused, and the words an error must say."""

    job: Job
    refused_for: str


@cache
def broken_cases() -> tuple[BrokenCase, ...]:
    cases = read_yaml("broken.yaml")
    return tuple(
        BrokenCase(
            Job(
                case["release"],
                case["name"],
                merge_patch(cases["sound"][case["of"]]["resource"], case["change"]),
            ),
            case["refused_for"],
        )
        for case in cases["broken"]
    )


@cache
def sound_resources() -> tuple[Job, ...]:
    return tuple(
        Job(release, name, case["resource"])
        for name, case in read_yaml("broken.yaml")["sound"].items()
        for release in case["releases"]
    )


@dataclass(frozen=True)
class AcceptedWarning:
    """A kind of warning that may stay, and why."""

    kind: str
    reason: str
    message_id: str
    says: str

    def covers(self, finding: Finding) -> bool:
        text = f"{finding.location}: {finding.message}"
        return finding.message_id == self.message_id and re.search(self.says, text) is not None


@cache
def accepted_warnings() -> tuple[AcceptedWarning, ...]:
    return tuple(AcceptedWarning(**kind) for kind in read_yaml("accepted_warnings.yaml"))


def read_yaml(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text())


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch.

    https://www.rfc-editor.org/rfc/rfc7386#section-2
    """
    if not isinstance(patch, dict):
        return patch
    merged: Resource = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
