"""`make serve`, the first of the two commands: in a fresh copy, again, out of date, and stopped by signal."""

import shutil
import signal
from pathlib import Path

import pytest

from tests.checkout import PROJECT, content_of, copy_project
from tests.deploy.conftest import FirstStart
from tests.serving import serving

pytestmark = pytest.mark.xdist_group("deploy")  # one worker makes the first start

NO_NETWORK = {"PIP_INDEX_URL": "nowhere", "PIP_FIND_LINKS": "", "PIP_NO_INDEX": "1"}


def test_first_start_installs_the_locked_wheels_and_serves(first_start: FirstStart) -> None:
    assert "Preparing .venv from requirements.lock" in first_start.output
    assert set(first_start.statuses.values()) == {200}, first_start.statuses


def test_interrupt_stops_it_cleanly(first_start: FirstStart) -> None:
    assert first_start.nothing_left_running
    assert "Traceback" not in first_start.output


def test_start_rewrites_nothing_in_the_work_tree(first_start: FirstStart) -> None:
    assert first_start.after == first_start.before


def test_second_start_installs_nothing_and_termination_of_make_stops_the_service(
    first_start: FirstStart, tmp_path: Path
) -> None:
    environment = {**first_start.environment, **NO_NETWORK}
    with serving(["make", "serve"], first_start.folder, tmp_path / "log", environment) as service:
        assert service.get("/livez").status_code == 200
        service.stop(signal.SIGTERM)
        assert service.is_gone()
    assert "Preparing" not in service.output()
    assert "Traceback" not in service.output()


@pytest.fixture
def copy(first_start: FirstStart, tmp_path: Path) -> Path:
    """Another fresh copy, with the environment of the first."""
    folder = copy_project(tmp_path / "copy")
    (folder / ".venv").symlink_to(first_start.folder / ".venv")
    return folder


def test_stale_build_is_named_with_the_command_that_mends_it(
    first_start: FirstStart, copy: Path, tmp_path: Path
) -> None:
    source = next((copy / "resources/topics").glob("*/text.en.md"))
    source.write_text(source.read_text() + "\n")
    before = content_of(copy)
    with serving(["make", "serve"], copy, tmp_path / "log", first_start.environment) as service:
        service.stop(signal.SIGTERM)
    assert source.parent.name in service.output()
    assert "make build" in service.output() or "topic build" in service.output()
    assert content_of(copy) == before


def test_newer_file_times_alone_make_no_build_stale(
    first_start: FirstStart, copy: Path, tmp_path: Path
) -> None:
    for source in (copy / "resources").rglob("*.*"):
        source.touch()
    with serving(["make", "serve"], copy, tmp_path / "log", first_start.environment) as service:
        service.stop(signal.SIGTERM)
    assert "topic build" not in service.output()
    assert "make build" not in service.output()


def test_help_names_every_target() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = {line.split(":")[0] for line in makefile.splitlines() if "  ## " in line}
    assert {"help", "serve", "test", "lint", "format", "lock", "definitions", "build", "openapi"} <= targets
    assert shutil.which("make")
