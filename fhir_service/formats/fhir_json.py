"""FHIR's JSON format.

https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from fhir_service.errors import Invalid
from fhir_service.formats.decimals import decimal_of, number_of

if TYPE_CHECKING:
    from fhir_service.releases import Release

CODE = "json"
MEDIA_TYPES: tuple[str, ...] = ("application/fhir+json", "application/json", "text/json")

MAX_DEPTH = 128
"""Arrays and objects within each other; one level of FHIR elements is up to two of these."""

_BOM = b"\xef\xbb\xbf"
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_INDENT = b"  "


def decode(body: bytes, release: Release) -> dict[str, Any]:
    """The resource that a client sent; this format needs no definitions to read it."""
    return parse(body)


def encode(body: bytes, pretty: bool, release: Release) -> bytes:
    """Stored bodies are this format already."""
    return indent(body) if pretty else body


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, as `parse_value` reads it.

    :raises Invalid: also when it is no object
    """
    value = parse_value(body)
    if not isinstance(value, dict):
        kind = _KINDS.get(type(value), "a number")
        reason = f"A resource is a JSON object; this is {kind} (line 1, column 1)."
        raise Invalid(reason, issue_code="structure")
    return value


def parse_value(body: bytes) -> Any:
    """The JSON value in `body`. Decimals are `Decimal` and `str` gives the text they were written with.

    :raises Invalid: malformed JSON or UTF-8, a name given twice, NaN, a number out of range, a character that
        FHIR does not allow, nested too deeply. It says at which line and column.
    """
    text = _text_of(body)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        _refuse(text, error.pos, f"The JSON is malformed: {error.msg}")
    except (_NotAccepted, ValueError, RecursionError):
        _blame(text)
    # Few bodies have so many brackets; the others need not be walked.
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and is_deeper(value, MAX_DEPTH):
        _blame(text)
    return value


def dump(value: Any) -> bytes:
    """A JSON value as compact UTF-8; a `Decimal` is written as its `str`.

    :raises ValueError: NaN, Infinity or a lone surrogate, none of which JSON can hold
    """
    text = _ENCODER.encode(value)
    if _OPENING in text:
        text = _MARKED.sub(r"\1", text)
    return text.encode()


def is_compact(body: bytes) -> bool:
    """Whether JSON that `parse` accepts is just what `dump` makes of it."""
    if b"\\" in body:
        body = _ESCAPED.sub(b"", body)
        if b"\\" in body:
            return False
    # Of quotes that stand together pairs can go: what is outside of strings is so without them.
    spaces_and_quotes = body.translate(None, _NO_SPACES_OR_QUOTES).replace(b'""', b"")
    return not any(spaces_and_quotes.split(b'"')[::2])


_NO_SPACES_OR_QUOTES = bytes(byte for byte in range(256) if byte not in b' \t\r\n"')

# The escapes that are written; FHIR allows no other characters that would need one.
_ESCAPED = re.compile(rb'\\["\\nrt]')

# The standard encoder has no way to write a number with a given text. A lone surrogate cannot be written as
# UTF-8 and `parse` lets none in, so no string that is written looks like a number marked by two of them.
_OPENING, _CLOSING = "\ud800", "\udfff"
_MARKED = re.compile(f'"{_OPENING}([-+.0-9eE]+){_CLOSING}"')


def _mark(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{_OPENING}{value!s}{_CLOSING}"
    raise TypeError(f"JSON has no {type(value).__name__}")


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False, default=_mark
)


class _NotAccepted(Exception):
    """Something that the standard decoder takes and FHIR does not; the hooks do not know where it is."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotAccepted
    return members


def _constant(name: str) -> NoReturn:
    raise _NotAccepted


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=decimal_of, parse_int=number_of, parse_constant=_constant
)
_KINDS = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}

# FHIR strings hold no control characters but tab, line feed and carriage return; unescaped ones are no JSON.
_SUSPECT = re.compile(r"\\(?:[bf]|u(?:[dD][89a-fA-F]|00[01]))")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..|u00(?:0[0-8bcefBCEF]|1.)|[bf])|.)"
)


def _text_of(body: bytes) -> str:
    body = body.removeprefix(_BOM)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        _refuse(body[: error.start].decode(), error.start, "The body is not UTF-8")
    if _SUSPECT.search(text):
        for escape in _ESCAPE.finditer(text):
            if escape[1]:
                _refuse(text, escape.start(), f"A FHIR string may not hold {escape[0]}")
    return text


def is_deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
    return bool(level)


_TEXT_TOKEN = re.compile(_TOKEN.pattern.decode())


def _blame(text: str) -> NoReturn:
    """Find what was not accepted, token by token: slow, but only a body that is refused comes here."""
    open_objects: list[set[str] | None] = []  # the names seen in each; None is an array
    before = ""
    for match in _TEXT_TOKEN.finditer(text):
        token = match[0]
        if token in "{[":
            open_objects.append(set() if token == "{" else None)
            if len(open_objects) > MAX_DEPTH:
                _refuse(text, match.start(), f"The JSON is nested deeper than {MAX_DEPTH} levels")
        elif token in "}]":
            open_objects.pop()
        elif token[0] == '"' and before in "{,":
            names = open_objects[-1]
            name = json.loads(token)
            if names is not None and name in names:
                _refuse(text, match.start(), f"The name `{name}` is given twice in one object")
            if names is not None:
                names.add(name)
        elif token in ("NaN", "Infinity", "-Infinity"):
            _refuse(text, match.start(), f"JSON has no number {token}")
        elif token[0] in "-0123456789" and not _is_number(token):
            _refuse(text, match.start(), "The number is out of range", "value")
        before = token
    raise Invalid("The JSON is malformed.", issue_code="structure")


def _is_number(token: str) -> bool:
    try:
        number_of(token)
    except ValueError:
        return False
    return True


def _refuse(text: str, position: int, reason: str, issue_code: str = "structure") -> NoReturn:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    raise Invalid(f"{reason} (line {line}, column {column}).", issue_code=issue_code) from None


def is_same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal to FHIR: in any order of members, but 1.10 is not 1.1 nor true 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_same, left, right))
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return str(left) == str(right)
    return type(left) is type(right) and bool(left == right)


def indent(body: bytes) -> bytes:
    """The same JSON over many lines. Its tokens are copied, not parsed: a decimal keeps its text (1.10)."""
    written: list[bytes] = []
    depth = 0
    opened = False  # the last token was { or [, whose line break waits for a first member
    for token in _TOKEN.findall(body):
        closes = token in b"}]"
        if closes:
            depth -= 1
        if opened != closes:  # a first member, or a closing bracket that has members before it
            written.append(b"\n" + _INDENT * depth)
        opened = token in b"{["
        depth += opened
        written.append(_SPACED.get(token, token))
        if token == b",":
            written.append(b"\n" + _INDENT * depth)
    return b"".join(written) + b"\n"


_SPACED = {b":": b": "}
