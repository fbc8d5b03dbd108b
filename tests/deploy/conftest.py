"""One first start, as a person makes it after cloning; all tests of this folder build on its environment."""

import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checkout import content_of, copy_project
from tests.serving import serving

OWN_SETTINGS = ("FHIR_SERVICE_", "HOST", "PORT", "MAKE")


@dataclass(frozen=True)
class FirstStart:
    """What was seen of `make serve` in a fresh copy, stopped by Ctrl-C."""

    folder: Path
    environment: Mapping[str, str]
    statuses: Mapping[str, int]
    output: str
    nothing_left_running: bool
    before: Mapping[str, str]
    after: Mapping[str, str]


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> FirstStart:
    folder = copy_project(tmp_path_factory.mktemp("clone"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
    if python := shared_python():
        environment["PYTHON"] = python
    before = content_of(folder)
    with serving(["make", "serve"], folder, folder.with_suffix(".log"), environment) as service:
        paths = ("/livez", "/readyz", "/fhir/r4/metadata", "/fhir/r4b/metadata", "/fhir/r5/metadata")
        statuses = {path: service.get(path).status_code for path in paths}
        service.stop(signal.SIGINT, whole_group=True)
        output, gone = service.output(), service.is_gone()
    return FirstStart(folder, environment, statuses, output, gone, before, content_of(folder))


def shared_python() -> str | None:
    """A Python that any user of the machine may run, as in a container; one in root's home is not."""
    candidates = ("/usr/bin/python3", "/usr/local/bin/python3", shutil.which("python3"))
    usable = (name for name in candidates if name and is_open_to_all(Path(name)) and is_usable(name))
    return next(usable, None)


def is_usable(python: str) -> bool:
    check = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", check], capture_output=True).returncode == 0


def is_open_to_all(program: Path) -> bool:
    return program.exists() and all(
        path.stat().st_mode & stat.S_IXOTH for path in (program, *program.resolve().parents)
    )
