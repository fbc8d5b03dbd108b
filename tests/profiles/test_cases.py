"""The cases of cases.yaml, each in every release: all that is said, in whatever order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import yaml

from fhir_service.errors import Issue
from fhir_service.profiles import Profiles
from fhir_service.releases import RELEASES
from fhir_service.releases.validator import validator

BASE = "https://profiles.test/"
TABLE = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8"))


def definition(canonical: str) -> dict[str, Any] | None:
    name = canonical.removeprefix(BASE)
    row = TABLE["profiles"].get(name)
    if row is None:
        return None
    core = f"http://hl7.org/fhir/StructureDefinition/{row['type']}"
    return {
        "resourceType": "StructureDefinition",
        "url": BASE + name,
        "type": row["type"],
        "baseDefinition": BASE + row["of"] if "of" in row else core,
        "derivation": "constraint",
        "context": row.get("context", []),
        "differential": {"element": [{"id": key, **value} for key, value in row["elements"].items()]},
    }


def is_member(value_set: str, coding: Mapping[str, Any]) -> bool | None:
    return coding["code"] == "small" if value_set == f"{BASE}small" else None


def told(issue: Issue) -> str:
    source = issue.diagnostics.rpartition(" [")[2].removesuffix("]").removeprefix(BASE)
    return f"{issue.severity} {issue.code} {issue.expression[0]} {source}"


@pytest.mark.parametrize("release", RELEASES.values(), ids=str)
@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: str(case["name"]))
def test_case(case: dict[str, Any], release: Any) -> None:
    profiles = Profiles(release, definition, is_member)
    asked = [urljoin(BASE, case["profile"])] if "profile" in case else []
    assert sorted(map(told, profiles.validate(case["resource"], asked))) == sorted(case["says"])


@pytest.mark.parametrize("release", RELEASES.values(), ids=str)
def test_the_gate_finds_no_fault_in_the_cases(release: Any) -> None:
    """Profiles are for what the gate found good: a case with another fault would show nothing."""
    faults = [
        (case["name"], issue.diagnostics)
        for case in TABLE["cases"]
        for issue in validator(release).validate(case["resource"])
        if "`fullUrl`" not in issue.diagnostics
    ]
    assert faults == []
