"""What terminology finds fault with, said in the words that terminology servers have agreed on.

https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/ (the code system `tx-issue-type`)
"""

from __future__ import annotations

from fhir_service.errors import Invalid, Issue, NotFound, Unprocessable

TX_ISSUE_TYPE = "http://hl7.org/fhir/tools/CodeSystem/tx-issue-type"


def tx_issue(severity: str, code: str, kind: str, text: str, expression: str = "") -> Issue:
    """An issue whose details say, by a code of `tx-issue-type`, what kind of problem it is."""
    return Issue(severity, code, text, (expression,) if expression else (), (TX_ISSUE_TYPE, kind))


def broken_value_set(reason: str, path: str) -> Invalid:
    return Invalid.of([tx_issue("error", "invalid", "vs-invalid", f"{path}: {reason}", path)])


def unknown_value_set(canonical: str) -> NotFound:
    text = f"The value set `{canonical}` is not known here."
    return NotFound.of([tx_issue("error", "not-found", "not-found", text)])


def unknown_code_system(
    canonical: str, *, known_version: str | None = None, status_404: bool = False
) -> NotFound | Unprocessable:
    """`known_version` is one that is here where only the asked for version is not."""
    text = unknown_code_system_text(canonical, known_version)
    issue = tx_issue("error", "not-found", "not-found", text)
    return NotFound.of([issue]) if status_404 else Unprocessable.of([issue])


def unknown_code_system_text(canonical: str, known_version: str | None = None) -> str:
    if known_version:
        return f"The code system `{canonical}` is not known here; its version `{known_version}` is."
    return f"The code system `{canonical}` is not known here, or only its name is."
