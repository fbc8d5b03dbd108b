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
_CODES = {
    name.replace("_", "-"): name
    for name in ("language_name", "service", "absence", "draft_translation", "fallback")
    + ("not_reviewed", "reviewed", "retired", "months", "page_description")
}


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
    months = tuple(month.strip() for month in texts.pop("months").split(","))
    if len(months) != 12 and "months" not in missing:
        message = f"notice `months` has {len(months)} parts; allowed: twelve with commas between them"
        findings.append(Finding(file, 1, message))
        return None
    return None if missing else Notices(language=language, months=months, **texts)
