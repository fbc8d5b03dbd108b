"""The two tables of the sources: the verified codes (`codes.csv`) and a topic's facts (`facts.csv`).

https://hl7.org/fhir/R4/terminologies.html
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from .finding import Finding, allowed
from .topic import Coding, Where

SNOMED_CT = "http://snomed.info/sct"
FACT_ID = re.compile(r"[A-Z][0-9]{2,}")


@dataclass(frozen=True)
class CodeTable:
    """The codes that may be served, by system and code, and the short names of the systems."""

    codings: Mapping[tuple[str, str], Coding]
    aliases: Mapping[str, str]

    def find(self, written: str) -> Coding | str:
        """The coding that an author wrote as `alias code`, or else what is wrong and what is allowed."""
        alias, _, code = written.partition(" ")
        system = self.aliases.get(alias)
        if system is None or not code:
            return f"code `{written}` is not written as `alias code`; {allowed(alias, self.aliases)}"
        coding = self.codings.get((system, code))
        if coding is None:
            return f"code `{written}` is not in codes.csv with status VERIFIED; {self._near(system, code)}"
        return coding

    def _near(self, system: str, code: str) -> str:
        """The nearest code with what it means: a near number can be another illness."""
        known = {found.code: found.display for found in self.codings.values() if found.system == system}
        near = get_close_matches(code, known, n=1)
        hint = f"did you mean `{near[0]}`, {known[near[0]] or 'no display'}? " if near else ""
        return f"{hint}allowed: the {len(known)} codes of {system} there"


def read_codes(text: str, file: str, findings: list[Finding]) -> dict[tuple[str, str], Coding]:
    """The rows of codes.csv. A row that is not verified, or that a licence forbids, is a finding."""
    columns = ("system_uri", "code", "display", "status", "snomed_gps")
    codings: dict[tuple[str, str], Coding] = {}
    for where, row in _rows(text, file, columns, findings):
        key = (row["system_uri"], row["code"])
        if key in codings:
            findings.append(
                Finding(file, where.line, f"code {key[0]}|{key[1]} is in the table twice; allowed: once")
            )
        if row["status"] != "VERIFIED":
            message = f"code {key[1]} has the status `{row['status']}`; allowed: VERIFIED"
            findings.append(Finding(file, where.line, message))
        if row["system_uri"] == SNOMED_CT and row["snomed_gps"] != "in GPS":
            message = (
                f"SNOMED CT {key[1]} is `{row['snomed_gps']}`; allowed: in GPS (the rest needs a licence)"
            )
            findings.append(Finding(file, where.line, message))
        codings[key] = Coding(row["system_uri"], row["code"], row["display"] or None)
    return codings


def read_facts(text: str, file: str, findings: list[Finding]) -> dict[str, tuple[str, Where]]:
    """fact id -> its statement and line."""
    facts: dict[str, tuple[str, Where]] = {}
    for where, row in _rows(text, file, ("id", "section", "fact"), findings):
        fact_id = row["id"]
        if not FACT_ID.fullmatch(fact_id):
            message = (
                f"fact id `{fact_id}` has a wrong form; allowed: a capital letter and two or more digits"
            )
            findings.append(Finding(file, where.line, message))
        if fact_id in facts:
            first = facts[fact_id][1].line
            message = f"duplicate fact id `{fact_id}`; the first one is on line {first}, allowed: once"
            findings.append(Finding(file, where.line, message))
        facts[fact_id] = (row["fact"], where)
    return facts


def _rows(
    text: str, file: str, columns: tuple[str, ...], findings: list[Finding]
) -> Iterator[tuple[Where, dict[str, str]]]:
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        findings.append(Finding(file, line, "a NUL byte; allowed: text"))
        return
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        message = f"column `{missing[0]}` is missing; allowed: {', '.join(columns)}"
        findings.append(Finding(file, 1, message))
        return
    before = reader.line_num
    for row in reader:
        line, before = before + 1, reader.line_num
        if None in row or None in row.values():
            message = f"the row has not as many values as the header; allowed: {len(reader.fieldnames or ())}"
            findings.append(Finding(file, line, message))
            continue
        yield Where(file, line), row
