"""Units in canonical form, as UCUM defines them: https://ucum.org/ucum#section-Semantics"""

import math
import subprocess
import sys
from decimal import Decimal

import pytest

from fhir_service.fhir.ucum import canonical_unit


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5.4 mg", "0.0054 g"),
        ("1 mmol/L", "1000 umol/l"),
        ("120 mm[Hg]", "15.99864 kPa"),
        ("1 [lb_av]", "453.59237 g"),
        ("1 [in_i]", "2.54 cm"),
        ("5 10*9/L", "5000 /uL"),
        ("60 /min", "1 Hz"),
        ("72 {beats}/min", "72 /min"),
        ("50 %", "0.5 1"),
        ("2.5 m[IU]/L", "2.5 u[IU]/mL"),
        ("3 [IU]", "3 [iU]"),
        ("37 Cel", "98.6 [degF]"),
        ("0 Cel", "273.15 K"),
        ("80 [degRe]", "100 Cel"),
        ("1 U", "1 umol/min"),
        ("12 mo", "1 a"),
        ("6 m/s/kg", "6 m/(s.kg)"),
        ("7 /s.m", "7 m/s"),
        ("1 N", "1 kg.m.s-2"),
        ("1 100/{cells}", "100 1"),
    ],
)
def test_equal_quantities_come_to_the_same_number_of_the_same_unit(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mg", "mL"),
        ("[IU]", "[CFU]"),
        ("[IU]", "1"),
        ("[arb'U]/mL", "/mL"),
        ("Cel", "g"),
        ("m2", "m"),
        ("mmol/L", "/L"),
    ],
)
def test_units_of_different_kinds_are_not_comparable(one: str, other: str) -> None:
    assert canonical(f"1 {one}")[1] != canonical(f"1 {other}")[1]


@pytest.mark.parametrize(
    "code",
    [
        "",
        "bogus",
        "MG/DL",
        "years",
        "[pH]",
        "dB",
        "mg/Cel",
        "m[degF]",
        "[hp'_X]",
        "10*100",
        "m" * 81,
        "kg m",
        "µg",
    ],
)
def test_what_is_no_unit_or_no_proportion_has_no_canonical_form(code: str) -> None:
    assert canonical_unit(code) is None


def test_each_unit_of_the_table_has_a_canonical_form_or_is_special() -> None:
    from ucumvert import xml_util

    without = {code for code in xml_util.get_units() if canonical_unit(code) is None}
    special = {unit.code_cs for unit in xml_util.get_units_with_full_definition() if unit.is_special}
    assert without == special - {"Cel", "[degF]", "[degRe]"}


def test_numbers_beyond_a_double_end_at_infinity_and_at_nothing() -> None:
    unit = canonical_unit("[c]")
    assert unit
    assert unit.of(Decimal("1e302")) == math.inf
    assert unit.of(Decimal("-1e999999")) == -math.inf
    assert unit.of(Decimal("1e-999999999")) == 0


def test_units_are_not_loaded_with_the_service() -> None:
    code = "import fhir_service.cli, fhir_service, sys; sys.exit('ucumvert' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def canonical(text: str) -> tuple[float, str]:
    number, _, code = text.partition(" ")
    unit = canonical_unit(code)
    assert unit
    return unit.of(Decimal(number)), unit.code
