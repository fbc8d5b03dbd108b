"""The image, without a container engine.

Its Dockerfile is linted, its build steps are run as they stand there, and its entry point is started as its
user over a read-only tree.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.checkout import PROJECT, content_of
from tests.deploy.conftest import FirstStart, shared_python
from tests.serving import serving

pytestmark = pytest.mark.xdist_group("deploy")  # one worker makes the first start


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """(NAME, rest) for each instruction, comments dropped and continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE).replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line)]


DOCKERFILE = instructions((PROJECT / "Dockerfile").read_text())
STAGES = [position for position, (name, _) in enumerate(DOCKERFILE) if name == "FROM"]
BUILD_STAGE, FINAL_STAGE = DOCKERFILE[: STAGES[-1]], DOCKERFILE[STAGES[-1] :]
FINAL = dict(FINAL_STAGE)


@dataclass
class Image:
    """A tree made by a stage's instructions, under a folder that stands for `/`."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def real(self, text: str) -> str:
        """Replace the image's folders by those that stand for them."""
        return re.sub(r"(?<!\w)/(app|data)\b", rf"{self.root}/\1", text)

    def copy(self, arguments: str, other: "Image | None") -> None:
        *sources, target = (word for word in shlex.split(arguments) if not word.startswith("--"))
        for source in sources:
            origin = Path(other.real(source)) if other else PROJECT / source
            destination = self.root / "app" / target
            if origin.is_dir():
                ignored = shutil.ignore_patterns("__pycache__") if not other else None
                shutil.copytree(origin, destination, symlinks=True, ignore=ignored)
            else:
                destination = destination / origin.name if target.endswith("/") else destination
                destination.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(origin, destination)

    def run(self, command: str) -> None:
        subprocess.run(["sh", "-euc", command], cwd=self.root / "app", check=True)

    def set(self, assignments: str) -> None:
        for name, value in (word.split("=", 1) for word in shlex.split(assignments)):
            self.environment[name] = self.real(value).replace("$PATH", os.defpath)


@pytest.fixture(scope="module")
def image(first_start: FirstStart) -> Iterator[Image]:
    """The build stage's steps as they are, then the final stage's files and environment, made read-only."""
    if shared_python() is None and os.getuid() == 0:
        pytest.skip("needs a Python that any user may run: apt install python3-venv")
    root = Path(tempfile.mkdtemp(prefix="image-"))  # other users may not enter the folders of pytest
    try:
        build, final = Image(root / "build"), Image(root / "final")
        # Only the wheels come from the first start: the step finds the lock's hash and does not fetch again.
        shutil.copytree(first_start.folder / ".venv", build.root / "app/.venv", symlinks=True)
        for name, rest in BUILD_STAGE:
            if name == "COPY":
                build.copy(rest, None)
            elif name == "RUN":
                build.run(rest)
        for name, rest in FINAL_STAGE:
            if name == "COPY":
                final.copy(rest, build if rest.startswith("--from") else None)
            elif name == "ENV":
                final.set(rest)
        seal(final.root / "app")
        (final.root / "data").mkdir()
        if os.getuid() == 0:
            os.chown(final.root / "data", *user())
        root.chmod(0o755)
        yield final
    finally:
        subprocess.run(["chmod", "-R", "u+w", root], check=True)
        shutil.rmtree(root)


def seal(tree: Path) -> None:
    """Nobody may write, everybody may read: what a read-only root file system is to the process."""
    subprocess.run(["chmod", "-R", "a-w,a+rX", tree], check=True)


def user() -> tuple[int, int]:
    uid, gid = FINAL["USER"].split(":")
    return int(uid), int(gid)


def identity() -> dict[str, object]:
    """The image's user where the tests may choose one, else the one who runs them."""
    uid, gid = user()
    return {"user": uid, "group": gid, "extra_groups": []} if os.getuid() == 0 else {}


def test_linter_finds_nothing() -> None:
    linter = str(Path(sys.executable).with_name("hadolint"))
    found = subprocess.run([linter, "Dockerfile"], cwd=PROJECT, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")


def test_base_images_are_pinned_and_the_user_is_not_root() -> None:
    bases = [rest.split()[0] for name, rest in DOCKERFILE if name == "FROM"]
    assert all(re.fullmatch(r"[\w./-]+:\d+\.\d+-slim-[a-z]+", base) for base in bases), bases
    assert min(user()) > 0


def test_final_image_gets_no_build_tools() -> None:
    steps = " ".join(rest for name, rest in FINAL_STAGE if name == "RUN")
    assert not re.search(r"\b(apt|apt-get|pip install|gcc|make|curl)\b", steps)


def test_every_copied_file_exists_and_is_in_the_build_context() -> None:
    context = (PROJECT / ".dockerignore").read_text().splitlines()
    allowed = [line[1:] for line in context if line.startswith("!")]
    for name, rest in DOCKERFILE:
        if name == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (PROJECT / source).exists(), source
                assert any(source == entry or source.startswith(f"{entry}/") for entry in allowed), source


def test_entry_point_serves_as_its_user_from_a_read_only_tree(image: Image, tmp_path: Path) -> None:
    app = image.root / "app"
    before = content_of(app)
    environment = {**image.environment, "FHIR_SERVICE_BASE_URL": "http://localhost:8000"}
    command = [str(app / ".venv/bin" / json.loads(FINAL["ENTRYPOINT"])[0]), *json.loads(FINAL["CMD"])]
    with serving(command, app, tmp_path / "log", environment, **identity()) as service:
        assert service.get("/livez").status_code == 200
        assert service.get("/fhir/r5/ClinicalUseDefinition").status_code == 200
        assert is_healthy(image, environment, service.url)
        assert service.stop(signal.SIGTERM) == 0, service.output()
        assert not is_healthy(image, environment, service.url)
    assert "Traceback" not in service.output()
    assert any((image.root / "data").iterdir())
    assert content_of(app) == before


def is_healthy(image: Image, environment: dict[str, str], url: str) -> bool:
    program, *arguments = json.loads(FINAL["HEALTHCHECK"].partition("CMD ")[2])
    app = image.root / "app"
    port = url.rpartition(":")[2]
    checked = subprocess.run(
        [str(app / ".venv/bin" / program), *arguments], cwd=app, env={**environment, "PORT": port}
    )
    return checked.returncode == 0
