"""Orders of business versions, as https://hl7.org/fhir/R5/codesystem-version-algorithm.html names them."""

import itertools

import pytest

from fhir_service.search.version_schemes import SCHEMES, order

# https://semver.org/#spec-item-11, and what each of the others says of itself
IN_ORDER = {
    "semver": [
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
        "1.0.0-rc.1", "1.0.0", "1.2", "1.10.0", "2", "10.0.0",
    ],
    "integer": ["-1", "0", "2", "10"],
    "alpha": ["10", "2", "älpha", "Beta", "gamma"],
    "date": ["2025", "2025-02", "2026-01-01T10:00:00Z", "2026-02"],
    "natural": ["2", "10", "Edition 9", "edition 10", "edition 10b"],
}  # fmt: skip

NOT_OF_IT = [
    ("semver", "first"),
    ("semver", "1.0.0.0"),
    ("semver", "1.0.0-"),
    ("integer", "1.0"),
    ("integer", "٣"),
    ("date", "May"),
]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_versions_come_in_the_order_of_their_scheme(scheme: str) -> None:
    places = [order(scheme, version) for version in IN_ORDER[scheme]]
    for earlier, later in itertools.pairwise(places):
        assert earlier is not None
        assert later is not None
        assert earlier < later


@pytest.mark.parametrize(
    ("scheme", "one", "other"),
    [
        ("semver", "1.0", "1.0.0+build"),
        ("alpha", "Älpha", "alpha"),
        ("date", "2026", "2026-01-01"),
        ("natural", "v01", "V1"),
    ],
)
def test_some_versions_are_in_the_same_place(scheme: str, one: str, other: str) -> None:
    assert order(scheme, one) == order(scheme, other) is not None


@pytest.mark.parametrize(("scheme", "version"), NOT_OF_IT)
def test_what_the_scheme_does_not_allow_has_no_place(scheme: str, version: str) -> None:
    assert order(scheme, version) is None
