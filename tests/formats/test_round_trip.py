"""The committed sample; `make round-trip` runs all of HL7's examples."""

from decimal import Decimal
from pathlib import Path

import pytest

from fhir_service.releases import RELEASES
from tests.checkout import PROJECT
from tests.formats.comparison import difference, problems

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*/*.json"))
BUILT = sorted((PROJECT / "resources").rglob("fhir/r*/*.json"))


def test_there_is_something_to_compare() -> None:
    assert len(SAMPLES) >= 15 and BUILT


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_an_example_of_hl7_comes_back_from_both_formats_as_it_was(file: Path) -> None:
    assert list(problems(file.read_bytes(), RELEASES[file.parent.name])) == []


def test_whatever_this_service_publishes_comes_back_from_both_formats_as_it_was() -> None:
    found = [
        f"{file}: {problem}"
        for file in BUILT
        for problem in problems(file.read_bytes(), RELEASES[file.parent.name])
    ]
    assert found == []


@pytest.mark.parametrize(
    ("value", "other"),
    [
        ({"a": Decimal("1.0")}, {"a": Decimal("1.00")}),
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": True}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": [1]}, {"a": [1, None]}),
        ({"a": 1}, {"a": 1, "_a": {"id": "x"}}),
    ],
)
def test_the_comparison_sees_a_difference(value: object, other: object) -> None:
    assert difference(value, other) is not None
