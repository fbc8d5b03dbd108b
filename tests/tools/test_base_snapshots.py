"""tools/base_snapshots.py: what it keeps of HL7's packages."""

import importlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import PROJECT


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(PROJECT / "tools")
    return importlib.import_module("base_snapshots")


def package(path: Path, type_name: str, elements: list[dict[str, Any]]) -> Path:
    content = json.dumps({"snapshot": {"element": elements}}).encode()
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(f"package/StructureDefinition-{type_name}.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return path


def test_what_a_validator_needs_is_kept_and_what_repeats_the_specification_is_not(
    tool: Any, tmp_path: Path
) -> None:
    element = {
        "id": "Thing",
        "min": 0,
        "comment": "long",
        "mapping": [{}],
        "constraint": [{"key": "a-1", "expression": "true", "xpath": "x"}],
    }
    elements = tool.read_elements(package(tmp_path / "p.tgz", "Thing", [element]), "Thing")
    kept = {"id": "Thing", "min": 0, "constraint": [{"key": "a-1", "expression": "true"}]}
    assert tool.compact(elements) == [kept]


def test_a_file_has_one_element_on_each_line(tool: Any) -> None:
    text = tool.dump({"A": [{"id": "A"}, {"id": "A.b"}]})
    assert text == '{\n"A": [\n{"id": "A"},\n{"id": "A.b"}\n]\n}\n'
    assert json.loads(text) == {"A": [{"id": "A"}, {"id": "A.b"}]}


def test_the_committed_snapshots_are_those_of_the_pinned_packages(
    tool: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the packages are here; else the tool says that it has not looked."""
    assert tool.main(["--check"]) == 0
    assert "stale" not in capsys.readouterr().err
