"""What equal elements come to is made once, and is what it would be made anew."""

import json
from decimal import Decimal
from typing import Any

import pytest

from fhir_service.content.published import RESOURCES
from fhir_service.releases import R4, RELEASES, Release
from fhir_service.search import looks
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import IndexRow, index_rows


def observation(code: str, **more: Any) -> dict[str, Any]:
    concept = {"coding": [{"system": "http://codes.test", "code": code}], "text": code}
    return {"resourceType": "Observation", "id": code, "status": "final", "code": concept, **more}


def codes(rows: list[IndexRow], parameter: str) -> set[Any]:
    return {row[3][0] for row in rows if row[1] == parameter}


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_rows_are_the_same_whatever_was_indexed_before(release: Release) -> None:
    one = SearchParameters(release)
    files = sorted(RESOURCES.rglob(f"fhir/{release.name}/*.json"))
    for file in files:
        resource = json.loads(file.read_bytes())
        index_rows(resource, one)
        assert index_rows(resource, one) == index_rows(resource, SearchParameters(release)), file.name
    assert len(files) > 20


def test_another_value_of_the_same_members_is_another() -> None:
    parameters = SearchParameters(R4)
    for code in ("a", "b", "a"):
        assert codes(index_rows(observation(code), parameters), "code") == {code}


def test_a_value_is_told_from_its_like_in_another_type() -> None:
    parameters = SearchParameters(R4)
    active = {"resourceType": "Patient", "id": "a", "active": True}
    assert codes(index_rows(active, parameters), "active") == {"true"}
    assert codes(index_rows({**active, "active": 1}, parameters), "active") == set()


def test_an_element_with_a_decimal_in_it_is_indexed() -> None:
    extension = [{"url": "http://x.test", "valueDecimal": Decimal("1.10")}]
    rows = index_rows(
        observation("a") | {"code": {"text": "A", "extension": extension}}, SearchParameters(R4)
    )
    assert codes(rows, "code:text") == {"a"}


def test_parts_of_a_composite_are_found_where_all_of_them_are_there() -> None:
    parameters = SearchParameters(R4)
    quantity = {"value": Decimal("3"), "unit": "mg"}
    assert not codes(index_rows(observation("a"), parameters), "code-value-quantity$1")
    rows = index_rows(observation("a", valueQuantity=quantity), parameters)
    assert codes(rows, "code-value-quantity$1") == {"a"}
    assert codes(rows, "code-value-quantity$2") == {3.0}
    # In a component the code has no value beside it, and the resource's own code has.
    component = {"code": {"coding": [{"code": "b"}]}}
    rows = index_rows(observation("a", valueQuantity=quantity, component=[component]), parameters)
    assert codes(rows, "combo-code-value-quantity$1") == {"a"}
    rows = index_rows(observation("a", component=[{**component, "valueQuantity": quantity}]), parameters)
    assert codes(rows, "combo-code-value-quantity$1") == {"b"}


def test_a_composite_of_components_is_not_looked_at_where_there_are_none() -> None:
    measured = observation("a", valueQuantity={"value": Decimal("3")})
    found = [one.code for look in SearchParameters(R4).looks.of(measured) for one in look.parameters]
    assert "combo-code-value-quantity" in found
    assert "combo-code-value-concept" not in found


def test_no_row_is_there_twice() -> None:
    names = [{"family": "A"}, {"family": "A", "text": "A"}]
    rows = index_rows({"resourceType": "Patient", "id": "a", "name": names}, SearchParameters(R4))
    assert codes(rows, "family") == {"a"}
    assert len(rows) == len(set(rows))


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_MOST", 3)
    parameters = SearchParameters(R4)
    for number in range(20):
        code = f"c{number}"
        assert codes(index_rows(observation(code), parameters), "combo-code") == {code}
        assert len(parameters.looks._rows) <= 3
