"""UCUM units in canonical form: what makes 5.4 mg and 0.0054 g the same.

https://ucum.org/ucum#section-Semantics

ucumvert reads a code and brings UCUM's own table of units. The factors are computed here from that table,
exactly: the registry of ucumvert takes every arbitrary unit as 1, so that 5 [IU] would be 5 [CFU].
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

SYSTEM = "http://unitsofmeasure.org"

# No unit in use is longer or has a higher power; a code that a client makes up must not keep a worker busy.
_LONGEST = 80
_HIGHEST_POWER = 99

# Below 10^-400 and above 10^400 no double tells numbers apart, whatever the unit.
_ORDERS = 400

# UCUM defines it as a number, so that 1 mmol/L would be so many cells in a litre. Amounts are no counts here.
_AMOUNT = "mol"

# Special units whose function is a straight line, as factor and offset to kelvin; no others are converted.
_TEMPERATURES = {
    "Cel": (Fraction(1), Fraction("273.15")),
    "[degF]": (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
    "[degRe]": (Fraction(5, 4), Fraction("273.15")),
}


@dataclass(frozen=True, slots=True)
class CanonicalUnit:
    """`number` of a unit are `number * factor + offset` of `code`, a product of UCUM's base units."""

    code: str
    factor: Fraction
    offset: Fraction = Fraction(0)

    def of(self, number: Decimal) -> float:
        """The number in this unit; rounded once, so that equal quantities are equal numbers."""
        if number.adjusted() > _ORDERS:
            return math.copysign(math.inf, number)
        exact = (0, 1) if number.adjusted() < -_ORDERS else number.as_integer_ratio()
        above, below = exact[0] * self.factor.numerator, exact[1] * self.factor.denominator
        if self.offset:
            above = above * self.offset.denominator + self.offset.numerator * below
            below *= self.offset.denominator
        try:
            # Of whole numbers, as of a Fraction, and without looking for what both can be divided by.
            return above / below
        except OverflowError:
            return math.inf if above > 0 else -math.inf


@lru_cache(maxsize=4096)
def canonical_unit(code: str) -> CanonicalUnit | None:
    """What the unit comes to; None when UCUM does not know it or its scale is none of proportion."""
    if not code or len(code) > _LONGEST:
        return None
    try:
        return _table().canonical(code)
    except _NotConvertible:
        return None


class _NotConvertible(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Product:
    """A factor and powers of base units."""

    factor: Fraction = Fraction(1)
    powers: Mapping[str, int] = field(default_factory=dict)

    def times(self, other: _Product, power: int = 1) -> _Product:
        powers = dict(self.powers)
        for unit, exponent in other.powers.items():
            powers[unit] = powers.get(unit, 0) + exponent * power
        return _Product(self.factor * other.factor**power, powers)

    @property
    def code(self) -> str:
        parts = sorted((unit, power) for unit, power in self.powers.items() if power)
        return ".".join(f"{unit}{power if power != 1 else ''}" for unit, power in parts) or "1"


class _Table:
    """UCUM's units, read when the first quantity asks for one: that takes a fifth of a second."""

    def __init__(self) -> None:
        from ucumvert import get_ucum_parser, xml_util

        self._parser = get_ucum_parser()
        self._base = frozenset((*xml_util.get_base_units(), _AMOUNT))
        self._units = {unit.code_cs: unit for unit in xml_util.get_units_with_full_definition()}
        self._prefixes = {
            prefix.attrib["Code"]: Fraction(prefix.find("{*}value").attrib["value"])
            for prefix in xml_util.root.findall(".//{*}prefix")
        }
        self._atoms: dict[str, _Product] = {}

    def canonical(self, code: str) -> CanonicalUnit:
        tree = self._parse(code)
        atoms = [str(token) for token in tree.scan_values(lambda token: token.type != "ANNOTATION")]
        if len(atoms) == 1 and atoms[0] in _TEMPERATURES:
            return CanonicalUnit("K", *_TEMPERATURES[atoms[0]])
        product = self._product(tree)
        return CanonicalUnit(product.code, product.factor)

    def _parse(self, code: str) -> Any:
        from lark.exceptions import LarkError

        try:
            return self._parser.parse(code)
        except LarkError:
            raise _NotConvertible(code) from None

    def _product(self, node: Any, power: int = 1) -> _Product:
        """The value of a part of the code, taken to that power (1, or -1 behind a leading solidus)."""
        if not hasattr(node, "data"):
            return _Product()  # an annotation, which says nothing about the unit
        match node.data, *node.children:
            case "main_term", _, term:
                return self._product(term, -power)
            case "term", left, operator, right:
                # From left to right: a leading solidus divides by the first component alone.
                return self._product(left, power).times(self._product(right), 1 if operator == "." else -1)
            case "annotatable", unit, exponent:
                if abs(int(exponent)) > _HIGHEST_POWER:
                    raise _NotConvertible(exponent)
                return _Product().times(self._product(unit), int(exponent) * power)
            case "simple_unit", *parts:
                return _Product().times(self._simple([str(part) for part in parts]), power)
            case _, inner, *_:
                return self._product(inner, power)
        raise _NotConvertible(str(node.data))

    def _simple(self, parts: list[str]) -> _Product:
        """A number, a unit, or a prefix and a unit."""
        *prefixes, atom = parts
        if atom.isdigit():
            return _Product(Fraction(int(atom)))
        unit = self._atom(atom)
        for prefix in prefixes:
            unit = _Product(unit.factor * self._prefixes[prefix], unit.powers)
        return unit

    def _atom(self, atom: str) -> _Product:
        if atom not in self._atoms:
            self._atoms[atom] = self._defined(atom)
        return self._atoms[atom]

    def _defined(self, atom: str) -> _Product:
        if atom in self._base:
            return _Product(powers={atom: 1})
        unit = self._units[atom]
        if unit.is_special:
            raise _NotConvertible(atom)
        if unit.is_arbitrary and unit.defining_unit == "1":
            return _Product(powers={atom: 1})  # comparable with itself alone
        definition = self._product(self._parse(unit.defining_unit))
        return _Product(definition.factor * Fraction(unit.conversion_factor), definition.powers)


@cache
def _table() -> _Table:
    return _Table()
