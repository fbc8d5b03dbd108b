"""`_text` and `_content`: words in the narrative, and words anywhere in the resource.

https://hl7.org/fhir/R4/search.html#content

    query  = group {"OR" group}
    group  = part {["AND"] part}          all of them, in any order
    part   = phrase | "(" query ")"
    phrase = word | '"' word {word} '"'   in this order
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from fhir_service.errors import Invalid, NotSupported
from fhir_service.search.keys import fold
from fhir_service.search.predicates import TextMatch

# Which column of the full text each parameter looks into: the content has the narrative in it.
COLUMNS = {"_text": "narrative", "_content": "content"}

_WORD = re.compile(r"[^\W_]+")
# The same for the characters that most texts are made of, several times faster.
_ASCII = str.maketrans({chr(n): chr(n).lower() if chr(n).isalnum() else " " for n in range(128)})
_TAG = re.compile(r"<[^>]*>")
_TOKEN = re.compile(r'"([^"]*)"|([()])|([^\s()"]+)')

_Token: TypeAlias = tuple[str, str, str]
"""A phrase in quotes, a parenthesis, or a word: one of them, the others are empty."""

Groups: TypeAlias = tuple[tuple[tuple[str, ...], ...], ...]

MAXIMUM_GROUPS = 32

# Of all its words, with the spaces between. More would say no more about a resource; some have megabytes.
MAXIMUM_CHARACTERS = 100_000


def words(text: str) -> list[str]:
    """The words of a text as both databases keep them: folded, without punctuation."""
    return text.translate(_ASCII).split() if text.isascii() else _WORD.findall(fold(text))


def spaced(text: str) -> str:
    """The same words with one space or more between them, for what takes texts apart by itself."""
    if text.isascii():
        return text.translate(_ASCII).strip()
    return " ".join(_WORD.findall(fold(text)))


def plain_text(div: str) -> str:
    """An XHTML narrative without its tags."""
    return html.unescape(_TAG.sub(" ", div))


def text_columns(resource: dict[str, Any]) -> tuple[str, str]:
    """The words of the narrative, and the others of the resource, each with spaces between.

    How the store makes one content of them is its own affair (schema.py).
    """
    div = resource.get("text", {}).get("div", "") if isinstance(resource.get("text"), dict) else ""
    narrative = spaced(plain_text(div))[:MAXIMUM_CHARACTERS]
    strings: list[str] = []
    _collect((value for name, value in resource.items() if name not in _NO_CONTENT), strings)
    others = spaced(" ".join(strings)[:MAXIMUM_CHARACTERS])
    return narrative, others[: max(0, MAXIMUM_CHARACTERS - len(narrative) - 1)]


# The narrative has words of its own; what a resource is and how it is marked are none of it.
_NO_CONTENT = frozenset(("text", "meta", "resourceType"))


def _collect(values: Iterable[Any], strings: list[str]) -> None:
    for value in values:
        kind = type(value)
        if kind is str:
            strings.append(value)
        elif kind is dict:
            _collect(_without_data(value) if "data" in value else value.values(), strings)
        elif kind is list:
            _collect(value, strings)


def _without_data(element: dict[str, Any]) -> Iterator[Any]:
    """Attachments and signatures are no text."""
    return (value for name, value in element.items() if name != "data" or type(value) is not str)


def read_text(code: str, text: str, type_name: str) -> TextMatch:
    """One value of `_text` or `_content`; Invalid when it is no query for words."""
    return TextMatch(COLUMNS[code], type_name, read_groups(code, text))


def read_groups(name: str, text: str) -> Groups:
    """What a query asks for: the phrases of one of the groups, all of them.

    `(bone OR liver) and metastases` comes to two groups. Raises Invalid, naming the parameter.
    """
    if text.count("(") > MAXIMUM_GROUPS:
        raise _too_many(name)
    tokens = [found for found in _TOKEN.findall(text) if any(found)]
    groups = _either(tokens)
    if tokens or not groups or not all(groups):
        raise Invalid(
            f"Parameter `{name}` needs words to look for, joined by spaces, AND, OR or parentheses,"
            f" not `{text}`"
        )
    if len(groups) > MAXIMUM_GROUPS:
        raise _too_many(name)
    return groups


def _too_many(name: str) -> NotSupported:
    return NotSupported(
        f"Parameter `{name}` takes at most {MAXIMUM_GROUPS} alternatives and as many parentheses",
        issue_code="too-costly",
    )


def _either(tokens: list[_Token]) -> Groups:
    """Read what is joined by OR; a group without a phrase stands where something is missing."""
    groups = _all(tokens)
    while tokens and _is(tokens[0], "or"):
        tokens.pop(0)
        groups += _all(tokens)
    return groups


def _all(tokens: list[_Token]) -> Groups:
    groups: Groups = ((),)
    is_complete = True
    while tokens and tokens[0][1] != ")" and not _is(tokens[0], "or"):
        is_complete = not _is(tokens[0], "and")
        if not is_complete:
            tokens.pop(0)
            continue
        found = _one(tokens)
        groups = tuple((*one, *other) for one in groups for other in found)[: MAXIMUM_GROUPS + 1]
    return groups if is_complete else ((),)


def _one(tokens: list[_Token]) -> Groups:
    quoted, parenthesis, plain = tokens.pop(0)
    if not parenthesis:
        phrase = tuple(words(quoted or plain))
        return ((phrase,),) if phrase else ((),)
    inner = _either(tokens)
    if not tokens:
        return ()
    tokens.pop(0)
    return inner


def _is(token: _Token, word: str) -> bool:
    return token[2].lower() == word
