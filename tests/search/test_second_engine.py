"""fhirpath.js finds the values that HL7's engine found, from which brute force decides."""

import pytest

from fhir_service.releases import RELEASES
from tests.search import second_engine
from tests.search.differential import read_sample


@pytest.mark.parametrize("release", RELEASES)
def test_two_engines_find_the_same_values(release: str) -> None:
    second_engine.install()
    found = list(second_engine.compare(release, read_sample(release)))
    assert len(found) > 9_000
    assert [str(one) for one in found if not one.agrees and one.cause is None] == []
    assert sum(one.agrees for one in found) / len(found) > 0.98
