"""tools/check.sh and .ci/run: every check is run and counted; CI installs only what is missing."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.checkout import PROJECT


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def check(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([folder / "tools/check.sh", *names], capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose Python says what it was asked to run, and fails at one format and one type."""
    (tmp_path / "tools").mkdir()
    shutil.copy(PROJECT / "tools/check.sh", tmp_path / "tools")
    script(tmp_path / ".venv-test/bin/python", 'echo "ran $*"; case "$*" in *format*|*mypy*) exit 1;; esac')
    return tmp_path


def test_failing_check_stops_no_other_and_is_named_at_the_end(folder: Path) -> None:
    done = check(folder)
    assert done.returncode == 1
    assert done.stderr.strip() == "Failed: format types"
    ran = [line for line in done.stdout.splitlines() if line.startswith("ran")]
    assert [line.split()[2] for line in ran] == ["ruff", "ruff", "mypy", "pytest"]


def test_only_the_named_checks_are_run(folder: Path) -> None:
    done = check(folder, "lint", "tests")
    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if "==" in line] == ["== lint", "== tests"]


@pytest.mark.parametrize("present", [True, False])
def test_ci_installs_what_is_missing_and_requires_everything(tmp_path: Path, present: bool) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(PROJECT / ".ci/run", tmp_path / ".ci")
    commands = tmp_path / "bin"
    for tool in ("bash", "dirname"):
        commands.mkdir(exist_ok=True)
        (commands / tool).symlink_to(shutil.which(tool) or tool)
    script(commands / "apt-get", 'echo "apt-get $*"')
    script(commands / "make", 'echo "make $* REQUIRE_ALL=$REQUIRE_ALL"')
    script(commands / "python3", "exit 0")
    script(commands / "git", "exit 0")
    if present:
        script(commands / "javac", "exit 0")
        script(commands / "mvn", "exit 0")
    done = subprocess.run(
        ["bash", ".ci/run"], cwd=tmp_path, env={"PATH": str(commands)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "make test REQUIRE_ALL=1"
    assert ("default-jdk-headless maven" in done.stdout) is not present
