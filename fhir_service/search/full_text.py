"""`_text` and `_content`: words in the narrative, and words anywhere in the resource.

https://hl7.org/fhir/R4/search.html#content

    query  = group {"OR" group}
    group  = phrase {phrase}            all of them, in any order
    phrase = word | '"' word {word} '"' in this order
"""

from __future__ import annotations

import html
import re
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.search.keys import fold
from fhir_service.search.predicates import TextMatch

# Which column of the full text each parameter looks into.
COLUMNS = {"_text": "narrative", "_content": "content"}

_WORD = re.compile(r"[^\W_]+")
# The same for the characters that most texts are made of, several times faster.
_ASCII = str.maketrans({chr(n): chr(n).lower() if chr(n).isalnum() else " " for n in range(128)})
_TAG = re.compile(r"<[^>]*>")
_PHRASE = re.compile(r'"([^"]*)"|(\S+)')

# More words would say no more about a resource, and some have megabytes of them.
MAXIMUM_CHARACTERS = 100_000


def words(text: str) -> list[str]:
    """The words of a text as both databases keep them: folded, without punctuation."""
    return text.translate(_ASCII).split() if text.isascii() else _WORD.findall(fold(text))


def narrative_words(div: str) -> list[str]:
    """The words of an XHTML narrative, without its tags."""
    return words(html.unescape(_TAG.sub(" ", div)))


def text_columns(resource: dict[str, Any]) -> tuple[str, str]:
    """The words of the narrative, and all words of the resource, each joined by spaces."""
    div = resource.get("text", {}).get("div", "") if isinstance(resource.get("text"), dict) else ""
    narrative = " ".join(narrative_words(div))
    rest = {name: value for name, value in resource.items() if name not in ("text", "meta", "resourceType")}
    strings: list[str] = []
    _collect(rest, strings)
    content = " ".join(words(" ".join(strings)[:MAXIMUM_CHARACTERS]))
    return narrative[:MAXIMUM_CHARACTERS], f"{narrative} {content}"[:MAXIMUM_CHARACTERS].strip()


def _collect(value: Any, strings: list[str]) -> None:
    if isinstance(value, str):
        strings.append(value)
    elif isinstance(value, list):
        for item in value:
            _collect(item, strings)
    elif isinstance(value, dict):
        for name, member in value.items():
            # Attachments and signatures are no text.
            if name != "data" or not isinstance(member, str):
                _collect(member, strings)


def read_text(code: str, text: str, type_name: str) -> TextMatch:
    """One value of `_text` or `_content`; Invalid when there is no word in it."""
    groups: list[tuple[tuple[str, ...], ...]] = []
    for part in re.split(r"\sOR\s", text):
        phrases = (tuple(words(quoted or plain)) for quoted, plain in _PHRASE.findall(part))
        group = tuple(phrase for phrase in phrases if phrase)
        if not group:
            raise Invalid(f"Parameter `{code}` needs words to look for, joined by spaces or OR, not `{text}`")
        groups.append(group)
    return TextMatch(COLUMNS[code], type_name, tuple(groups))
