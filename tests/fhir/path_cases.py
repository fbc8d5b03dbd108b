"""Reads path_cases.yaml: each case with the subject it is about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Case:
    """One expression, what it is evaluated on, and what it must give."""

    section: str
    expression: str
    subject: dict[str, Any]
    node: Any
    type_name: str
    release: str
    result: list[Any] | None
    types: list[str] | None
    unsupported: bool
    fails: bool
    alone: str | None
    now: str | None

    def __str__(self) -> str:
        return f"{self.section}: {self.expression}"


def read_cases() -> list[Case]:
    content = yaml.safe_load(Path(__file__).with_name("path_cases.yaml").read_text(encoding="utf-8"))
    return [
        _case(section, row, content["subjects"][row["of"]])
        for section, rows in content["cases"].items()
        for row in rows
    ]


def _case(section: str, row: dict[str, Any], subject: dict[str, Any]) -> Case:
    node = subject
    for key in row.get("at", []):
        node = node[key]
    return Case(
        section=section,
        expression=row["expression"],
        subject=subject,
        node=node,
        type_name=row.get("type", subject["resourceType"]),
        release=row.get("release", "r4"),
        result=row.get("result"),
        types=row.get("types"),
        unsupported=row.get("unsupported", False),
        fails=row.get("fails", False),
        alone=row.get("alone"),
        now=row.get("now"),
    )
