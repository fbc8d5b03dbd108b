"""What no committed file may hold, and what every folder must."""

import re
import tomllib
from pathlib import Path

from fhir_service.version import VERSION
from tests.checkout import PROJECT, project_files

# Written in pieces, so that this file does not hold them. Packages are named, never the host they come from:
# a site may have its own registry. A path of one machine means nothing on another.
FORBIDDEN = {
    "a package registry's host": r"registry\.npm" + r"js|pypi\.org/sim" + r"ple|files\.python" + r"hosted"
    r"|repo1?\.maven" + r"|proxy\.gol" + r"ang|deb\.deb" + r"ian\.org|packages2?\.fh" + r"ir\.org",
    "a path of one machine": r"(?<![\w.])/(?:ro" + r"ot|wo" + r"rk|ho" + r"me/\w+|Us" + r"ers/\w+)/",
}


def test_no_committed_file_names_a_registry_host_or_a_machine_path() -> None:
    found = [
        f"{path}:{number}: {what}: {match.group()}"
        for path in project_files()
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        for what, pattern in FORBIDDEN.items()
        if (match := re.search(pattern, line))
    ]
    assert found == []


def test_every_folder_of_tests_is_a_package() -> None:
    """Two test modules of the same name in different folders would otherwise hide each other."""
    folders = {path.parent for path in project_files() if path.parts[0] == "tests" and path.suffix == ".py"}
    assert [str(folder) for folder in folders if not (PROJECT / folder / "__init__.py").exists()] == []


def test_version_is_the_same_wherever_it_stands() -> None:
    assert tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_every_decision_is_in_the_index() -> None:
    folder = PROJECT / "docs/decisions"
    index = (folder / "README.md").read_text()
    assert [
        note.name for note in folder.glob("*.md") if note.name not in index and note.name != "README.md"
    ] == []


def text_of(path: Path) -> str:
    try:
        return (PROJECT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
