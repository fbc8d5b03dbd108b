"""`fhir-service validate` from the shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fhir_service.cli import main

GOOD = {"resourceType": "Patient", "active": True}


def validate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["validate", *map(str, arguments)])


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_says_nothing(tmp_path: Path) -> None:
    result = validate(write(tmp_path / "a.json", json.dumps(GOOD)))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "1 file, 0 errors.\n"


def test_each_problem_is_a_line_with_its_place(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.json",
        '{"resourceType": "Patient",\n "contact": [\n  {"name": {"text": "x"},\n'
        '   "gender": "boy"}],\n "x": 1}',
    )
    result = validate(file)
    assert result.exit_code == 1
    assert [line.split(": ")[:2] for line in result.stdout.splitlines()] == [
        [f"{file}:4", "error"],
        [f"{file}:5", "error"],
    ]
    assert result.stdout.splitlines()[0].endswith("(Patient.contact[0].gender)")


def test_the_release_is_that_of_the_folder_or_as_told(tmp_path: Path) -> None:
    text = json.dumps({"resourceType": "ActorDefinition", "status": "draft", "type": "person"})
    assert validate(write(tmp_path / "fhir" / "r5" / "a.json", text)).exit_code == 0
    assert "R4 has no resource type" in validate(write(tmp_path / "a.json", text)).stdout
    assert validate("--release", "r5", tmp_path / "a.json").exit_code == 0


def test_lines_of_ndjson_are_resources(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.ndjson", f'{json.dumps(GOOD)}\n\n{{"resourceType": "Patient", "gender": "x"}}\n'
    )
    assert validate(file).stdout.startswith(f"{file}:3: error: `gender`")


def test_problems_of_xml_have_the_line_of_their_element(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.XML",
        """<?xml version="1.0"?>
<f:Patient xmlns:f="http://hl7.org/fhir">
  <f:contained>
    <f:Observation><f:id value="o"/>
      <f:status value="?"/><f:code><f:text value="x"/></f:code></f:Observation></f:contained>
  <f:extension
    url="relative"><f:valueReference><f:reference value="#o"/></f:valueReference></f:extension>
  <f:name><f:given value="a"/>
    <f:given value="b">
      <f:extension url="http://x"/></f:given></f:name>
  <f:gender value="boy"/>
</f:Patient>
""",
    )
    result = validate(file)
    assert result.exit_code == 1
    places = [(line.split(": ")[0], line.rpartition("(")[2]) for line in result.stdout.splitlines()]
    assert places == [
        (f"{file}:5", "Patient.contained[0].status)"),
        (f"{file}:6", "Patient.extension[0].url)"),
        (f"{file}:10", "Patient.name[0].given[1].extension[0])"),
        (f"{file}:11", "Patient.gender)"),
    ]


def test_xml_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    file = write(tmp_path / "a.xml", '<Patient xmlns="http://hl7.org/fhir">\n<x/></Patient>')
    assert validate(file).stdout.startswith(f"{file}:2: error: `Patient` has no element `x`")
    file = write(tmp_path / "b.xml", '<!DOCTYPE a>\n<Patient xmlns="http://hl7.org/fhir"/>')
    assert validate(file).stdout.startswith(f"{file}:1: error: A document type declaration is not allowed")


def test_the_line_of_ndjson_is_said_once(tmp_path: Path) -> None:
    file = write(tmp_path / "a.ndjson", f"{json.dumps(GOOD)}\n{{bad\n")
    assert validate(file).stdout == (
        f"{file}:2: error: The JSON is malformed: Expecting property name enclosed in double quotes"
        " (column 2).\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n"a": }', "2: error: The JSON is malformed"),
        ("[" * 100_000, "1: error: "),
        ("", "1: error: The JSON is malformed"),
        ('{"resourceType": ["Patient"]}', "1: error: `resourceType` must be a string, not an array"),
        ('\ufeff{"resourceType": "Patient",\r\n"gender": "boy"}', "2: error: `gender`"),
        ('{"resourceType": "Patient",\n"id": "a",\n"id": "b"}', "3: error: The name `id` is given twice"),
        ('{"resourceType": "Patient",\n"language": "\\ud800"}', "2: error: A FHIR string may not hold"),
        (
            '{"resourceType": "Patient", "multipleBirthInteger": ' + "9" * 5000 + "}",
            "1: error: ",
        ),
    ],
)
def test_what_cannot_be_read_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    file = write(tmp_path / "a.json", text)
    assert validate(file).stdout.startswith(f"{file}:{said}")


def test_what_is_no_utf_8_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b'"\xff"')
    assert validate(file).stdout.startswith(f"{file}:1: error: ")
