"""Index keys: what stands in a b-tree for a value of any length.

A b-tree refuses long values (PostgreSQL: 2,704 bytes), so a value longer than 200 characters is kept as its
first 168 and a 128-bit digest: equal values have equal keys, and unequal ones never do.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from hashlib import blake2b

KEY_LENGTH = 200
PREFIX_LENGTH = KEY_LENGTH - 32


def exact_key(value: str) -> str:
    """A key for equality; a prefix of up to 168 characters may be sought in it too."""
    if len(value) <= KEY_LENGTH:
        return value
    return value[:PREFIX_LENGTH] + blake2b(value.encode(), digest_size=16).hexdigest()


def fold(value: str) -> str:
    """Case, accents and runs of white space taken out: what a string search compares.

    https://hl7.org/fhir/R4/search.html#string
    """
    if value.isascii():
        return " ".join(value.lower().split())
    decomposed = unicodedata.normalize("NFKD", value.casefold())
    return " ".join("".join(char for char in decomposed if not unicodedata.combining(char)).split())


def hash_key(value: str) -> int:
    """A signed 64-bit number for a text that is compared only for equality; 0 stands for no text at all."""
    if not value:
        return 0
    return _hash_of_short(value) if len(value) <= KEY_LENGTH else _hash(value)


def _hash(value: str) -> int:
    return int.from_bytes(blake2b(value.encode(), digest_size=8).digest(), "big", signed=True)


# Systems, codes and names come again and again; long texts do not, and would be kept for nothing.
_hash_of_short = lru_cache(maxsize=4096)(_hash)


def after_prefix(prefix: str) -> str:
    """The least text that is greater than every text which starts with `prefix`, in code point order."""
    for end in range(len(prefix), 0, -1):
        code_point = ord(prefix[end - 1])
        if code_point < 0x10FFFF:
            following = code_point + 1
            # Surrogates are no characters: the next one after U+D7FF is U+E000.
            return prefix[: end - 1] + chr(0xE000 if following == 0xD800 else following)
    return ""
