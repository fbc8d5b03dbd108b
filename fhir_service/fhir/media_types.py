"""A media type and its parameters, as Accept and Content-Type write them.

https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# A semicolon inside a quoted string separates nothing.
_PARTS = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*")+')
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE = re.compile(
    rf'{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*(?:{_TOKEN}=(?:{_TOKEN}|"(?:[^"\\]|\\.)*"))?)*', re.ASCII
)


def is_media_type(text: str) -> bool:
    """Whether this may stand in a Content-Type header as it is."""
    return text.isascii() and _MEDIA_TYPE.fullmatch(text) is not None


def split_media_type(text: str) -> tuple[str, dict[str, str]]:
    """The type and its parameters, names in lower case: `text/html; Charset="utf-8"`."""
    media_type, *parts = _PARTS.findall(text) or [""]
    parameters = {}
    for part in parts:
        name, _, value = part.partition("=")
        parameters[name.strip().lower()] = value.strip().strip('"')
    return media_type.strip().lower(), parameters


def is_utf8(parameters: Mapping[str, str]) -> bool:
    """Whether a text with these parameters is in UTF-8, as one without `charset` is here."""
    return parameters.get("charset", "utf-8").lower() in ("utf-8", "utf8")
