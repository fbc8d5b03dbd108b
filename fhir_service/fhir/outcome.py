"""Issues as an OperationOutcome, the one shape of every failure and remark.

https://hl7.org/fhir/R4/operationoutcome.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fhir_service.errors import Issue

# FHIR strings hold no control characters but tab, line feed and carriage return, and XHTML no surrogates or
# noncharacters either; what a client sent is quoted in diagnostics, so all of them can turn up here.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LONGEST = 1000


def outcome(issues: Sequence[Issue]) -> dict[str, Any]:
    """The OperationOutcome that reports `issues`, with the same words as its narrative."""
    shown = [_issue(issue) for issue in issues]
    lines = "".join(f"<p>{escape(issue['diagnostics'])}</p>" for issue in shown)
    return {
        "resourceType": "OperationOutcome",
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>'},
        "issue": shown,
    }


def _issue(issue: Issue) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "severity": issue.severity,
        "code": issue.code,
    }
    if issue.details:
        system, code = issue.details
        shown["details"] = {
            "coding": [{"system": system, "code": code}],
            "text": _printable(issue.diagnostics),
        }
    shown["diagnostics"] = _printable(issue.diagnostics)
    if issue.expression:
        shown["expression"] = [_printable(expression) for expression in issue.expression]
    return shown


def _printable(text: str) -> str:
    clean = _UNSAFE.sub("\ufffd", text).strip() or "(no details)"
    return clean if len(clean) <= _LONGEST else clean[:_LONGEST] + "…"
