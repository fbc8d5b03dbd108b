"""The lock files are whole, portable and in step with what asks for them; `make lock` writes Python's."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.checkout import PROJECT, project_files

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
RUNTIME = PYPROJECT["project"]["dependencies"]
GROUPS = PYPROJECT["dependency-groups"]
WANTED = {
    "requirements.lock": RUNTIME,
    "requirements-test.lock": RUNTIME + GROUPS["test"],
    "requirements-tools.lock": GROUPS["tools"],
}
NPM_LOCKS = [PROJECT / path for path in project_files() if path.name == "package-lock.json"]
every_lock = pytest.mark.parametrize("name", sorted(WANTED))


def entries(name: str) -> list[str]:
    """One string for each locked requirement, with its hashes, without comments."""
    text = re.sub(r"^\s*#.*\n", "", (PROJECT / name).read_text(), flags=re.MULTILINE)
    return [entry.strip() for entry in re.split(r"\n(?=\S)", text.replace("\\\n", " ")) if entry.strip()]


def pins(name: str) -> dict[str, set[str]]:
    """Locked versions by package name; several where platforms or Python versions differ."""
    found: dict[str, set[str]] = {}
    for entry in entries(name):
        requirement = Requirement(entry.split(" --hash")[0])
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        found.setdefault(canonicalize_name(requirement.name), set()).add(pin.version)
    return found


@every_lock
def test_every_requirement_has_hashes(name: str) -> None:
    without = [entry for entry in entries(name) if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)]
    assert without == []


@every_lock
def test_no_host_and_no_path_is_locked(name: str) -> None:
    text = (PROJECT / name).read_text()
    assert not re.search(r"https?:|file:|--index|--find-links|^[./]", text, flags=re.MULTILINE)


@every_lock
def test_every_range_of_pyproject_is_met(name: str) -> None:
    locked = pins(name)
    for wanted in map(Requirement, WANTED[name]):
        versions = locked.get(canonicalize_name(wanted.name), set())
        assert versions, f"{wanted} is missing: make lock"
        assert all(wanted.specifier.contains(version) for version in versions), f"{wanted}: make lock"


def test_tests_run_on_the_versions_that_serve() -> None:
    tested = pins("requirements-test.lock")
    assert {name: tested.get(name) for name in pins("requirements.lock")} == pins("requirements.lock")


def test_every_lock_file_is_checked() -> None:
    assert {path.name for path in Path(PROJECT).glob("*.lock")} == set(WANTED)


@pytest.mark.parametrize("lock", NPM_LOCKS, ids=lambda lock: lock.parent.name)
def test_npm_locks_each_package_by_its_hash_and_not_by_where_it_came_from(lock: Path) -> None:
    packages = json.loads(lock.read_text())["packages"]
    assert (
        packages.pop("")["dependencies"]
        == json.loads(lock.with_name("package.json").read_text())["dependencies"]
    )
    assert packages
    assert [
        name for name, package in packages.items() if not package["integrity"].startswith("sha512-")
    ] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
