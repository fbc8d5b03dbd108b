"""tools/definitions.py: what it keeps of HL7's packages, and what it refuses."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import PROJECT

SPEC = "http://hl7.org/fhir/StructureDefinition/"


@pytest.fixture
def compaction(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a module of tools/compaction as tools/definitions.py does."""
    monkeypatch.syspath_prepend(PROJECT / "tools")
    return lambda name: importlib.import_module(f"compaction.{name}")


def structure(name: str, base: str | None, *elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    rows = [
        {"path": name},
        *({"min": 0, "max": "1", **row, "path": f"{name}.{row['path']}"} for row in elements),
    ]
    found = {
        "resourceType": "StructureDefinition",
        "url": SPEC + name,
        "type": name,
        "kind": "complex-type",
        "abstract": False,
        "snapshot": {"element": rows},
        **more,
    }
    return found if base is None else {**found, "baseDefinition": SPEC + base}


def typed(path: str, code: str = "string", **more: Any) -> dict[str, Any]:
    return {"path": path, "type": [{"code": code}], **more}


def test_inherited_elements_are_written_once_and_changes_keep_their_place(compaction: Any) -> None:
    element = structure("Element", None, typed("id"), typed("extension", "Extension", max="*"))
    thing = structure(
        "Thing", "Element", typed("id"), typed("extension", "Extension", max="0"), typed("code")
    )
    types = compaction("structures").compact_types([element, thing])
    assert list(types["Thing"]["elements"]) == ["extension", "code"]
    assert "inherits" not in types["Thing"]


def test_elements_that_form_a_strict_hierarchy_are_marked(compaction: Any) -> None:
    def referring(path: str, **said: bool) -> dict[str, Any]:
        extensions = [{"url": SPEC + "structuredefinition-hierarchy", **said}] if said else []
        return {"path": path, "type": [{"code": "Reference", "extension": extensions}]}

    part_of, link = referring("partOf", valueBoolean=True), referring("link", valueBoolean=False)
    thing = structure("Thing", None, part_of, link, referring("subject"))
    elements = compaction("structures").compact_types([thing])["Thing"]["elements"]
    assert [name for name, row in elements.items() if row.get("hierarchy")] == ["partOf"]


def test_a_profile_is_not_a_type(compaction: Any) -> None:
    profile = structure("Thing", "Thing", derivation="constraint")
    assert compaction("structures").spec_structures([profile, structure("Thing", "Element")]) == [
        structure("Thing", "Element")
    ]


def test_an_invariant_is_written_where_it_is_declared(compaction: Any) -> None:
    rule = {"key": "th-1", "severity": "error", "expression": "code.exists()", "human": "It has a code."}
    thing = structure("Thing", None, typed("code"))
    thing["snapshot"]["element"][0]["constraint"] = [rule]
    holder = structure("Holder", None, typed("thing", "Thing", constraint=[rule]))
    found = compaction("structures").compact_invariants([thing, holder])
    assert found == {"Thing": [["th-1", "error", "code.exists()", "It has a code."]]}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Patient-name", True),
        ("clinical-code", True),
        ("example", False),
        ("example-extension", False),
        ("valueset-extensions-ValueSet-author", False),
        ("observation-genetic-Observation-dna-variant", False),
        ("filter", False),
    ],
)
def test_examples_and_extension_parameters_are_left_out(compaction: Any, name: str, kept: bool) -> None:
    assert (compaction("search_parameters").reason_to_leave_out({"id": name}) is None) is kept


def parameter(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "id": "Thing-code",
        "url": "urn:code",
        "code": "code",
        "type": "token",
        "base": ["Thing", "Other"],
        "expression": "Thing.code  | Other.code",
        **more,
    }


def test_a_correction_replaces_what_is_wrong_and_says_what_is_dropped(compaction: Any) -> None:
    correction = {
        "url": "urn:code",
        "replace": ["Other.code", "Other.kind"],
        "not-for": ["Thing"],
        "reason": "Thing has none.",
    }
    kept, left_out = compaction("search_parameters").compact_search_parameters(
        [parameter()], [correction], {"Thing", "Other"}
    )
    assert [(row["base"], row["expression"]) for row in kept] == [(["Other"], "Thing.code | Other.kind")]
    assert left_out == [{"url": "urn:code", "code": "code", "base": ["Thing"], "reason": "Thing has none."}]


@pytest.mark.parametrize(
    ("correction", "message"),
    [
        ({"url": "urn:gone", "reason": "x"}, "do not exist"),
        ({"url": "urn:code", "replace": ["gone", "x"], "reason": "x"}, "no longer fits"),
    ],
)
def test_a_correction_that_is_out_of_date_is_refused(
    compaction: Any, correction: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        compaction("search_parameters").compact_search_parameters([parameter()], [correction], {"Thing"})


def test_codes_of_a_value_set_come_from_its_parts(compaction: Any) -> None:
    system = {
        "resourceType": "CodeSystem",
        "url": "urn:s",
        "content": "complete",
        "concept": [{"code": "a", "concept": [{"code": "b"}]}, {"code": "c"}],
    }
    whole = {"resourceType": "ValueSet", "url": "urn:whole", "compose": {"include": [{"system": "urn:s"}]}}
    some = {
        "resourceType": "ValueSet",
        "url": "urn:some",
        "compose": {
            "include": [{"valueSet": ["urn:whole"]}],
            "exclude": [{"system": "urn:s", "concept": [{"code": "c"}]}],
        },
    }
    open_ended = {
        "resourceType": "ValueSet",
        "url": "urn:open",
        "compose": {"include": [{"system": "urn:x"}]},
    }
    listed, unlisted = compaction("value_sets").compact_required_bindings(
        ["urn:open", "urn:some"], [whole, some, open_ended], [system]
    )
    assert listed == {"urn:some": {"urn:s": ["a", "b"]}}
    assert [row["url"] for row in unlisted] == ["urn:open"]


def test_a_package_with_another_hash_is_refused(compaction: Any, tmp_path: Path) -> None:
    packages = compaction("packages")
    package = packages.PACKAGES[0]
    (tmp_path / package.file_name).write_bytes(b"another package")
    with pytest.raises(packages.PackageError, match="sha512"):
        packages.fetch(package, tmp_path)


def test_the_check_says_so_when_the_packages_are_not_here(tmp_path: Path) -> None:
    command: list[str | Path] = [
        sys.executable,
        PROJECT / "tools/definitions.py",
        "--check",
        "--packages",
        tmp_path,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    assert "not checked" in done.stdout


def test_data_files_hold_one_entry_a_line() -> None:
    for path in sorted((PROJECT / "fhir_service/releases/data").glob("r*/*.json")):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) == len(json.loads(path.read_bytes())) + 2, path.name
