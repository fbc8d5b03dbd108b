"""UCUM units converted by ucumvert's registry of pint, which computes with tables of its own.

https://hl7.org/fhir/R4/search.html#quantity
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Context, Decimal
from functools import cache
from typing import Any

UCUM = "http://unitsofmeasure.org"

# Pint's factors have rounding errors in the last of 28 digits.
ROUNDED = Context(prec=15)


@cache
def registry() -> Any:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry(non_int_type=Decimal)


@cache
def arbitrary() -> frozenset[str]:
    """Units that pint takes for plain numbers, and that UCUM compares with nothing else."""
    from ucumvert import xml_util

    return frozenset(one.code_cs for one in xml_util.get_units_with_full_definition() if one.is_arbitrary)


def without_words(code: str) -> str:
    """A code of annotations alone is the unit 1, which ucumvert does not make of it."""
    return code if re.sub(r"\{[^}]*\}", "", code) else "1"


@cache
def conversion(held: str | None, asked: str) -> Callable[[Decimal], Decimal] | None:
    """Return what takes numbers of one unit to another, or nothing where they cannot be compared."""
    if not held or held == asked or any(unit in code for unit in arbitrary() for code in (held, asked)):
        return None
    try:
        of_held, of_asked = (registry().from_ucum(without_words(code)) for code in (held, asked))
        unit, other = of_held.units, of_asked.units
        registry().Quantity(Decimal(1), unit).to(other)
    except Exception:  # what ucumvert and pint raise has no common name
        return None

    def convert(number: Decimal) -> Decimal:
        found = registry().Quantity(number * Decimal(of_held.magnitude), unit).to(other)
        return ROUNDED.create_decimal(found.magnitude / Decimal(of_asked.magnitude))

    return convert
