"""The store finds what brute force finds, with values that HL7's own FHIRPath engine extracted.

https://hl7.org/fhir/R4/search.html (the full run over all examples is `make differential`)
"""

from collections.abc import Iterator

import pytest

from fhir_service.releases import RELEASES
from fhir_service.store import DATABASES, open_store
from fhir_service.store.relational import RelationalStore
from tests.search import naive
from tests.search.differential import compare, fill, read_sample
from tests.search.differential_report import cause_of
from tests.store_fixtures import new_database

QUESTIONS = 2
"""Of each parameter; the full run asks all."""


@pytest.fixture(scope="module", params=DATABASES)
def empty_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RelationalStore]:
    store = open_store(new_database(request, request.param, tmp_path_factory.mktemp("differential")))
    store.create_tables()
    yield store
    store.close()


@pytest.mark.parametrize("release", RELEASES)
def test_search_finds_what_brute_force_finds(release: str, empty_store: RelationalStore) -> None:
    every = read_sample(release)
    fill(empty_store, release, every)
    answers = list(compare(empty_store, release, every, QUESTIONS))
    assert {one.parameter.kind for one in answers} == {*naive.MATCHERS, "composite"}
    assert len(answers) > 1_500
    assert [str(one) for one in answers if not one.agrees and cause_of(one) is None] == []
