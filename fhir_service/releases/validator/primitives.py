"""Whether a JSON value is a value of a primitive type, and what to say when it is not.

https://hl7.org/fhir/R4/datatypes.html#primitive

The patterns are the definitions' own, save where Python has something faster or a pattern is not the whole
rule (dates that exist, numbers in range, base64 that decodes).
"""

from __future__ import annotations

import binascii
import math
import re
from calendar import monthrange
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .. import Release
from .findings import STRUCTURE, VALUE, json_kind

Accepts = Callable[[Any], Any]

LONGEST_STRING = 1024 * 1024

_DAY = r"([0-9]{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_LONG_FRACTION = re.compile(r"\.[0-9]{10}").search
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DATE = re.compile(rf"{_DAY})?)?").fullmatch
_DATE_TIME = re.compile(rf"{_DAY}(?:{_CLOCK}{_ZONE})?)?)?").fullmatch
_INSTANT = re.compile(rf"{_DAY}{_CLOCK}{_ZONE}))").fullmatch
# Control characters other than tab, line feed and carriage return.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]").search
_URN = re.compile(
    r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:[#|].*)?"
    r"|urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+(?:[#|].*)?"
    r"|urn:(?!uuid:|oid:).*"
).fullmatch
_NOT_URIS = ("oid:", "uuid:")
_SPACES = re.compile(r"\s+")

# What a message says is allowed.
_TEXT = f"text that is not empty, without control characters, of {LONGEST_STRING} characters at most"
ALLOWED = {
    "base64Binary": "base64",
    "boolean": "true or false",
    "canonical": "an absolute URL without spaces, with |version if need be, or `#id`",
    "code": "text without spaces at its ends and without two in a row",
    "date": "a date that exists: YYYY, YYYY-MM or YYYY-MM-DD",
    "dateTime": "a moment that exists: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a time zone",
    "decimal": "a number",
    "element id": "text without spaces",
    "id": "1 to 64 letters, digits, `-` and `.`",
    "instant": "a moment that exists: YYYY-MM-DDThh:mm:ss with a time zone",
    "integer": "a whole number of 32 bits",
    "integer64": "a whole number of 64 bits, as a JSON string",
    "markdown": _TEXT,
    "oid": "urn:oid: and an OID",
    "positiveInt": "a whole number from 1 to 2147483647",
    "string": _TEXT,
    "time": "a time of day: hh:mm:ss",
    "unsignedInt": "a whole number from 0 to 2147483647",
    "uri": "a URI without spaces",
    "url": "a URL without spaces",
    "uuid": "urn:uuid: and a UUID in lower case",
    "xhtml": "an XHTML div",
}
_JSON_KINDS = {"boolean": "a boolean"} | dict.fromkeys(
    ("decimal", "integer", "positiveInt", "unsignedInt"), "a number"
)


def accepts(name: str, release: Release) -> Accepts:
    """Return the test of a primitive type's JSON values: true for good ones, never raising."""
    regex = release.type_definition(name).regex or r"[\s\S]+"
    found = _TESTS.get(name)
    if found is None:
        return _pattern(regex)
    if name in ("dateTime", "instant") and "{1,9}" in regex:  # R5 measures in nanoseconds
        return lambda value: found(value) and not _LONG_FRACTION(value)
    return found


def explain(name: str, value: Any) -> tuple[str, str]:
    """Return the issue code and words for a value that the type does not accept."""
    expected = _JSON_KINDS.get(name, "a string")
    if json_kind(value) != expected:
        return STRUCTURE, f"must be {expected} in JSON ({name}), not {json_kind(value)}"
    shown = f"`{value}`" if len(str(value)) <= 80 else f"`{str(value)[:77]}...`"
    article = "an" if name[0] in "aeio" or name == "unsignedInt" else "a"
    return VALUE, f"{shown} is not {article} {name}; allowed: {ALLOWED.get(name, 'what its definition says')}"


def _pattern(regex: str) -> Accepts:
    # \s is only ASCII's whitespace, as in HL7's validator and in XML schema.
    matches = re.compile(regex, re.ASCII).fullmatch
    return lambda value: type(value) is str and value and matches(value)


def _is_text(value: Any) -> bool:
    return (
        type(value) is str
        and (value.isprintable() or not _CONTROL(value))
        and value != ""
        and len(value) <= LONGEST_STRING
    )


def _is_uri(value: Any) -> bool:
    if type(value) is not str or not value or _has_space(value):
        return False
    if value.startswith("urn:"):
        return _URN(value) is not None
    return not value.startswith(_NOT_URIS)


def _is_canonical(value: Any) -> bool:
    return _is_uri(value) and (value[0] == "#" or is_absolute(value) is not None)


is_absolute = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s]").match


def _is_code(value: Any) -> bool:
    return type(value) is str and _CODE(value) is not None


# Unlike the other patterns, with all of Unicode's spaces.
_CODE = re.compile(r"[^\s]+(?:\s[^\s]+)*").fullmatch
_has_space = re.compile(r"\s", re.ASCII).search


def _dated(matches: Callable[[str], re.Match[str] | None]) -> Accepts:
    def test(value: Any) -> bool:
        found = matches(value) if type(value) is str else None
        if found is None or found[1] == "0000":
            return False
        day = found[3]
        return day is None or day < "29" or int(day) <= monthrange(int(found[1]), int(found[2]))[1]

    return test


def _whole(low: int, high: int) -> Accepts:
    return lambda value: type(value) is int and low <= value <= high


def _is_integer64(value: Any) -> bool:
    if type(value) is not str or not _INTEGER64(value):
        return False
    return -(2**63) <= int(value) < 2**63


_INTEGER64 = re.compile(r"0|[-+]?[1-9][0-9]{0,18}").fullmatch


def _is_decimal(value: Any) -> bool:
    return type(value) is int or (isinstance(value, (Decimal, float)) and math.isfinite(value))


def _is_base64(value: Any) -> bool:
    if type(value) is not str or not value:
        return False
    try:
        binascii.a2b_base64(_SPACES.sub("", value), strict_mode=True)
    except (binascii.Error, ValueError):
        return False
    return True


_TESTS: dict[str, Accepts] = {
    "base64Binary": _is_base64,
    "boolean": lambda value: value is True or value is False,
    "canonical": _is_canonical,
    "code": _is_code,
    "date": _dated(_DATE),
    "dateTime": _dated(_DATE_TIME),
    "decimal": _is_decimal,
    "instant": _dated(_INSTANT),
    "integer": _whole(-(2**31), 2**31 - 1),
    "integer64": _is_integer64,
    "markdown": _is_text,
    "positiveInt": _whole(1, 2**31 - 1),
    "string": _is_text,
    "unsignedInt": _whole(0, 2**31 - 1),
    "uri": _is_uri,
    "url": _is_uri,
}
