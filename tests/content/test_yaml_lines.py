"""YAML with lines. https://yaml.org/spec/1.2.2/"""

from __future__ import annotations

import pytest

from fhir_service.content.finding import Finding
from fhir_service.content.yaml_lines import LineDict, LineList, read_yaml


def read(text: str) -> tuple[LineDict | None, list[Finding]]:
    findings: list[Finding] = []
    return read_yaml(text, "x.yaml", findings), findings


def test_scalars_stay_as_they_are_written() -> None:
    found, findings = read("month: 2022-09\nday: 2026-11-23\nversion: 1.10\nanswer: no\ncode: 007\n")
    assert findings == []
    assert found == {
        "month": "2022-09",
        "day": "2026-11-23",
        "version": "1.10",
        "answer": "no",
        "code": "007",
    }


def test_every_key_and_item_knows_its_line() -> None:
    found, _ = read("# comment\nfirst: 1\nlist:\n  - a: 1\n  - b: 2\n")
    assert found is not None
    assert found.key_lines == {"first": 2, "list": 3}
    items = found["list"]
    assert isinstance(items, LineList)
    assert items.item_lines == [4, 5]
    assert items[1].line == 5


def test_a_duplicate_key_is_a_finding_that_names_both_lines() -> None:
    found, findings = read("a: 1\nb: 2\na: 3\n")
    assert [str(finding) for finding in findings] == [
        "x.yaml:3: `a` is written twice; the first one is on line 1, allowed: once"
    ]
    assert found is not None
    assert found["a"] == "1"


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1, 2\nb: 3\n", 2), ("a: 'x\n", 2), ("a: 1\n\tb: 2\n", 2), ("a: 1\n---\nb: 2\n", 2)],
)
def test_bad_yaml_is_one_finding_with_its_line(text: str, line: int) -> None:
    found, findings = read(text)
    assert found is None
    assert [finding.line for finding in findings] == [line]
    assert findings[0].message.startswith("bad YAML: ")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "words\n"])
def test_a_document_without_fields_is_a_finding(text: str) -> None:
    found, findings = read(text)
    assert found is None
    assert "the file holds no fields" in findings[0].message


def test_an_alias_that_holds_itself_is_a_finding() -> None:
    found, findings = read("a: &x [*x]\n")
    assert found is None
    assert findings[0].message.startswith("bad YAML: an alias stands within what it names")
