"""tools/environment.sh: built once, skipped while the recorded hash holds, never left half done."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.checkout import PROJECT

pytestmark = pytest.mark.xdist_group("environment")  # one worker builds the environment that all copy

NO_PACKAGES = "# a lock without packages needs no network\n"
BROKEN = "./no-such-file.whl --hash=sha256:" + "0" * 64 + "\n"
OFFLINE = {"PYTHON": "/no/python", "PIP_INDEX_URL": "nowhere", "PIP_FIND_LINKS": ""}


def prepare(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "tools/environment.sh", ".venv", "some.lock"],
        env={**os.environ, **environment},
        cwd="/",
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of nothing but the script, a lock and the environment made from it."""
    folder = tmp_path_factory.mktemp("original")
    (folder / "tools").mkdir()
    shutil.copy(PROJECT / "tools/environment.sh", folder / "tools")
    (folder / "some.lock").write_text(NO_PACKAGES)
    made = prepare(folder)
    assert made.returncode == 0, made.stderr
    assert "Preparing .venv from some.lock" in made.stderr
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """The project moved elsewhere, every file newer than before."""
    return shutil.copytree(original, tmp_path / "moved", symlinks=True, copy_function=shutil.copy)


def test_second_start_installs_nothing_whatever_the_file_times(folder: Path) -> None:
    os.utime(folder / "some.lock")
    again = prepare(folder, **OFFLINE)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_changed_lock_builds_the_environment_anew(folder: Path) -> None:
    (folder / ".venv/left-over").touch()
    (folder / "some.lock").write_text(NO_PACKAGES + "# changed\n")
    assert "Preparing .venv from some.lock" in prepare(folder).stderr
    assert not (folder / ".venv/left-over").exists()
    assert prepare(folder, **OFFLINE).stderr == ""


def test_failed_installation_is_never_taken_for_a_complete_one(folder: Path) -> None:
    (folder / "some.lock").write_text(BROKEN)
    failed = prepare(folder)
    assert failed.returncode != 0
    assert "no-such-file" in failed.stderr, failed.stderr
    assert prepare(folder, **OFFLINE).returncode != 0


def test_command_finds_the_project_after_a_move_and_from_any_folder(folder: Path) -> None:
    (folder / "fhir_service").mkdir()
    (folder / "fhir_service/__main__.py").write_text("import sys; print(__file__, *sys.argv[1:])")
    command = str(folder / ".venv/bin/fhir-service")
    ran = subprocess.run([command, "topic", "lint"], cwd="/", capture_output=True, text=True)
    assert ran.stdout == f"{folder}/fhir_service/__main__.py topic lint\n", ran.stderr


def test_without_a_usable_python_one_line_says_how_to_install_it(folder: Path) -> None:
    shutil.rmtree(folder / ".venv")
    refused = prepare(folder, PYTHON="false")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].endswith("apt install python3-venv make")
    assert not (folder / ".venv").exists()
