"""What is wrong with a source, and where: the one shape of message that authors see.

https://hl7.org/fhir/R4/operationoutcome.html (the same idea, for people who write)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from .topic import Where


@dataclass(frozen=True, order=True)
class Finding:
    """`file:line: what is wrong, what is allowed`; the file is relative to the resources folder."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


def at(where: Where, message: str) -> Finding:
    return Finding(where.file, where.line, message)


class SourceError(Exception):
    """A source that cannot be used; carries every finding, not only the first."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(sorted(set(findings)))
        super().__init__("\n".join(map(str, self.findings)))


def allowed(given: str, choices: Iterable[str], limit: int = 12) -> str:
    """The end of a message: the nearest allowed name first, then what else there is."""
    names = sorted(choices)
    near = get_close_matches(given, names, n=1)
    hint = f"did you mean `{near[0]}`? " if near else ""
    more = f" ... ({len(names)} in all)" if len(names) > limit else ""
    return f"{hint}allowed: {', '.join(names[:limit]) or 'none'}{more}"


def unknown_fact(fact: str, facts: Iterable[str]) -> str:
    """No guess at another fact: a near number is another statement."""
    known = sorted(facts)
    span = f"{known[0]} to {known[-1]}" if known else "none"
    return f"fact `{fact}` is not in facts.csv; allowed: {span}"
