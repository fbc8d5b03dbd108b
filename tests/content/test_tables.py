"""The tables of codes and facts. https://hl7.org/fhir/R4/terminologies.html"""

from __future__ import annotations

import pytest

from fhir_service.content.finding import Finding
from fhir_service.content.tables import CodeTable, read_codes, read_facts
from fhir_service.content.topic import Coding

HEADER = "concept,system_uri,code,display,status,snomed_gps,evidence\n"


def test_a_verified_row_becomes_a_coding() -> None:
    findings: list[Finding] = []
    codes = read_codes(HEADER + "Fever,urn:x,R50.9,Fever,VERIFIED,,seen\n", "codes.csv", findings)
    assert findings == []
    assert codes == {("urn:x", "R50.9"): Coding("urn:x", "R50.9", "Fever")}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,urn:x,1,A,VERIFIED-COMMUNITY,,s\n", "allowed: VERIFIED"),
        ("a,http://snomed.info/sct,1,A,VERIFIED,not in GPS,s\n", "allowed: in GPS"),
        ("a,urn:x,1,A,VERIFIED\n", "not as many values"),
        ("a,urn:x,1,\0,VERIFIED,,s\n", "a NUL byte"),
        ("a,urn:x,1,A,VERIFIED,,s\na,urn:x,1,A,VERIFIED,,s\n", "in the table twice"),
    ],
)
def test_a_row_that_may_not_be_served_is_a_finding(row: str, message: str) -> None:
    findings: list[Finding] = []
    read_codes(HEADER + row, "codes.csv", findings)
    assert len(findings) == 1
    assert message in findings[0].message
    assert findings[0].line == len(row.splitlines()) + 1


def test_a_missing_column_is_named() -> None:
    findings: list[Finding] = []
    assert read_codes("concept,code\n", "codes.csv", findings) == {}
    assert "column `system_uri` is missing" in findings[0].message


def test_facts_keep_their_lines_and_refuse_duplicates() -> None:
    findings: list[Finding] = []
    facts = read_facts('id,section,fact\nF01,a,"one\ntwo"\nF02,a,b\nF02,a,c\nf3,a,d\n', "facts.csv", findings)
    assert facts["F01"][0] == "one\ntwo"
    assert [(finding.line, finding.message.split(";")[0]) for finding in findings] == [
        (5, "duplicate fact id `F02`"),
        (6, "fact id `f3` has a wrong form"),
    ]


def test_a_code_is_found_by_alias_and_code_or_the_nearest_one_is_offered() -> None:
    table = CodeTable({("urn:x", "R50.9"): Coding("urn:x", "R50.9", "Fever")}, {"icd": "urn:x"})
    assert table.find("icd R50.9") == Coding("urn:x", "R50.9", "Fever")
    assert "did you mean `R50.9`, Fever?" in str(table.find("icd R50.8"))
    assert "did you mean `icd`?" in str(table.find("icdx R50.9"))
    assert "is not written as `alias code`" in str(table.find("icd"))
