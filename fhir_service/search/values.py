"""Splitting and unescaping what a query's value holds.

https://hl7.org/fhir/R4/search.html#escaping
"""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\([,|$\\])")


def split(text: str, separator: str) -> list[str]:
    r"""The parts between unescaped separators, escapes kept: `a,b\,c` gives `a` and `b\,c`."""
    if "\\" not in text:
        return text.split(separator)
    parts, start, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == separator:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    parts.append(text[start:])
    return parts


def split_once(text: str, separator: str) -> tuple[str, str, str]:
    """As `str.partition`, at the first unescaped separator; both sides come unescaped.

    A second split of the right side must therefore see no escaped separator: systems and units have none.
    """
    first, *rest = split(text, separator)
    if not rest:
        return unescape(text), "", ""
    return unescape(first), separator, unescape(separator.join(rest))


def unescape(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text
