"""Fresh copies of the project as a clone would hold it: no environments, caches or database."""

import hashlib
import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parent.parent
# What a start may create; .gitignore keeps it out of commits.
OWN_FOLDERS = {".venv", "var", "__pycache__"}


def project_files() -> list[Path]:
    """Every file that is committed or about to be, relative to the project."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in sorted(filter(None, listed.split("\0"))) if (PROJECT / name).is_file()]


def copy_project(target: Path, *, without: tuple[str, ...] = ("tests", "docs")) -> Path:
    """Copy the project's files into a new folder; the parts named are not needed there."""
    for path in project_files():
        if path.parts[0] not in without:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / path, target / path)
    return target


def content_of(folder: Path) -> dict[str, str]:
    """The hash of every file that a commit would hold, by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not OWN_FOLDERS.intersection(path.relative_to(folder).parts)
    }
