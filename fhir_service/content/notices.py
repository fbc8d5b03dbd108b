"""The service's own words, read from `notices.<language>.md`: one section for each.

https://spec.commonmark.org/0.31.2/

They are no page's words, so the rules about facts and digits do not look at them: a site may put its own
telephone number there.
"""

from __future__ import annotations

import re

from .finding import Finding, allowed
from .publisher import Notices

_HEADING = re.compile(r"^## .*\{#([a-z-]+)\}\s*$")
_CODES = {"service": "service", "absence": "absence", "not-reviewed": "not_reviewed", "reviewed": "reviewed"}


def read_notices(markdown: str, file: str, language: str, findings: list[Finding]) -> Notices | None:
    """The notices of one language; None, with findings, when one is missing or empty."""
    words: dict[str, list[str]] = {}
    code = ""
    for number, line in enumerate(markdown.splitlines(), 1):
        heading = _HEADING.match(line)
        if heading:
            code = heading.group(1)
            if code not in _CODES:
                findings.append(Finding(file, number, f"unknown notice `{code}`; {allowed(code, _CODES)}"))
            if code in words:
                findings.append(Finding(file, number, f"notice `{code}` is written twice; allowed: once"))
            words[code] = []
        elif code:
            words[code].append(line)
    texts = {name: " ".join(" ".join(words.get(code, [])).split()) for code, name in _CODES.items()}
    missing = [code for code, name in _CODES.items() if not texts[name]]
    for code in missing:
        message = f"notice `{code}` is missing or empty; allowed: `## Heading {{#{code}}}` and words"
        findings.append(Finding(file, 1, message))
    return None if missing else Notices(language=language, **texts)
