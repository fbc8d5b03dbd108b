"""Numbers as FHIR means them: the precision that was written is part of the value.

https://hl7.org/fhir/R4/datatypes.html#decimal and https://hl7.org/fhir/R4/json.html#decimal
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

# What a double can hold, and more digits than any measurement has. Beyond that a number is only good for
# making a calculation slow: 1e999999999 is eleven characters and, written out, a gigabyte.
LONGEST = 100
LARGEST_EXPONENT = 308


class WrittenDecimal(Decimal):
    """A decimal whose own way of writing itself is not how it was written: 1e2, 1.0E-3."""

    __slots__ = ("_text",)
    _text: str

    def __new__(cls, text: str) -> WrittenDecimal:
        written = super().__new__(cls, text)
        written._text = text
        return written

    def __str__(self) -> str:
        return self._text

    def __reduce__(self) -> tuple[type[WrittenDecimal], tuple[str]]:
        return WrittenDecimal, (self._text,)


def decimal_of(text: str) -> Decimal:
    """The decimal that `text` writes; `str` gives that text back (1.10, 1e2, 100.00).

    :raises ValueError: it is longer or larger than a number may be here
    """
    if len(text) > LONGEST:
        raise ValueError(text)
    try:
        value = Decimal(text)
    except InvalidOperation:  # an exponent that even Decimal cannot hold
        raise ValueError(text) from None
    if not -LARGEST_EXPONENT <= value.adjusted() <= LARGEST_EXPONENT:
        raise ValueError(text)
    return value if str(value) == text else WrittenDecimal(text)


def number_of(text: str) -> int | Decimal:
    """The number that JSON writes as `text`: an int when it looks like one. -0 is none, an int has no such.

    :raises ValueError: it is longer or larger than a number may be here
    """
    if text.lstrip("-").isdigit() and len(text) <= LONGEST and text != "-0":
        return int(text)
    return decimal_of(text)
