"""How many codes a value set may stand for in a search, on both databases."""

from collections.abc import Mapping, Sequence

import pytest

from fhir_service.errors import NotSupported
from fhir_service.releases import R4
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.search.param_types import Context
from fhir_service.search.query import MAXIMUM_CODES, Query, parse_query
from fhir_service.store.contract import StoredVersion
from fhir_service.store.relational import RelationalStore


class Numbered:
    """A value set of so many codes, in each of so many systems."""

    def __init__(self, codes: int, systems: int) -> None:
        self.found = {f"http://s/{n}": [str(code) for code in range(codes)] for n in range(systems)}

    def in_value_set(self, reference: str) -> Mapping[str, Sequence[str]]:
        return self.found

    below = above = lambda self, system, code: self.found


def query(codes: int, systems: int, *pairs: tuple[str, str]) -> Query:
    context = Context(codes=Numbered(codes, systems))
    asked = (*pairs, ("topic:in", "http://vs"))
    return parse_query(asked, "Library", SearchParameters(R4), context=context)


@pytest.mark.parametrize("sort", [(), (("_sort", "date"),), (("_total", "accurate"), ("_count", "0"))])
@pytest.mark.parametrize("systems", [1, 5])
def test_a_search_by_many_codes_is_answered(
    store: RelationalStore, systems: int, sort: tuple[tuple[str, str], ...]
) -> None:
    codes = MAXIMUM_CODES // systems - 100
    topic = [{"coding": [{"system": f"http://s/{systems - 1}", "code": str(codes - 1)}]}]
    library = {"resourceType": "Library", "id": "a", "status": "active", "topic": topic}
    with store.write() as transaction:
        rows = index_rows(library, SearchParameters(R4))
        transaction.put("r4", StoredVersion("Library", "a", 1, 0, b"{}"), rows)
    assert store.search("r4", query(codes, systems, *sort)).total == 1


def test_a_search_by_more_codes_is_too_costly() -> None:
    with pytest.raises(NotSupported, match="too many codes") as refused:
        query(2 * MAXIMUM_CODES, 1)
    assert (refused.value.issues[0].code, refused.value.issues[0].expression) == (
        "too-costly",
        ("http.topic",),
    )
    half = (("topic:not-in", "http://other"),)
    with pytest.raises(NotSupported, match="too many codes"):
        query(MAXIMUM_CODES, 1, *half)
