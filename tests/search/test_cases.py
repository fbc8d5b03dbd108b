"""The specification's search rules as data (cases/*.yaml), on every release and both databases."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import pytest
import yaml

from fhir_service.errors import ServiceError
from fhir_service.formats import fhir_json
from fhir_service.releases import RELEASES
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.search.param_types import Context
from fhir_service.search.query import parse_query
from fhir_service.store import DATABASES, open_store
from fhir_service.store.contract import Page, StoredVersion
from fhir_service.store.relational import RelationalStore
from fhir_service.store.searching import LINK_LIMIT, SORT_LIMIT
from fhir_service.stored_hierarchies import StoredHierarchies
from fhir_service.stored_terminology import StoredTerminology
from fhir_service.stored_versions import StoredVersions
from fhir_service.terminology.code_sets import CodeSets
from tests.store_fixtures import new_database

FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
PARAMETERS = {name: SearchParameters(release) for name, release in RELEASES.items()}


class Table(NamedTuple):
    release: str
    content: dict[str, Any]
    store: RelationalStore

    def page(self, case: dict[str, Any], *more: tuple[str, str]) -> Page:
        types = RELEASES[self.release].resource_types
        codes = CodeSets(StoredTerminology(self.store, self.release, types))
        bases = tuple(self.content.get("bases", ()))
        hierarchies = StoredHierarchies(self.store, self.release, types)
        versions = StoredVersions(self.store, RELEASES[self.release], types)
        context = Context(bases=bases, now=0, codes=codes, hierarchies=hierarchies, versions=versions)
        pairs = [*parse_qsl(case["search"], keep_blank_values=True), *more]
        type_name = case.get("type") or self.content["type"]
        query = parse_query(pairs, type_name, PARAMETERS[self.release], context=context)
        return self.store.search(self.release, query)

    def cases(self, kind: str) -> Iterator[dict[str, Any]]:
        for case in self.content.get(kind, ()):
            if self.release in case.get("releases", RELEASES):
                yield case


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def content(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(request.param.read_text())
    return loaded


@pytest.fixture(scope="module", params=DATABASES)
def filled(
    request: pytest.FixtureRequest, content: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RelationalStore]:
    """The table's resources in every release of one store: releases are separate spaces."""
    store = open_store(new_database(request, request.param, tmp_path_factory.mktemp("cases")))
    store.create_tables()
    with store.write() as transaction:
        for release, parameters in PARAMETERS.items():
            for name, resource in content["resources"].items():
                type_name, _, logical_id = name.rpartition("/")
                full = {"resourceType": type_name or content["type"], "id": logical_id, **resource}
                if full["resourceType"] not in RELEASES[release].resource_types:
                    continue  # its cases name the releases that have it
                version = StoredVersion(
                    full["resourceType"], logical_id, 1, 0, fhir_json.dump(_decimals(full))
                )
                transaction.put(release, version, index_rows(_decimals(full), parameters))
    yield store
    store.close()


@pytest.fixture(params=RELEASES)
def table(request: pytest.FixtureRequest, content: dict[str, Any], filled: RelationalStore) -> Table:
    return Table(request.param, content, filled)


def _decimals(value: Any) -> Any:
    """As JSON is parsed in the service: no binary fractions."""
    if isinstance(value, dict):
        return {name: _decimals(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_decimals(member) for member in value]
    return Decimal(str(value)) if isinstance(value, float) else value


@pytest.mark.parametrize("limit", [LINK_LIMIT, 0], ids=["few", "many"])
def test_searches_find_what_the_specification_says(
    table: Table, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links that few resources satisfy are resolved before the search, of many each match is checked."""
    monkeypatch.setattr("fhir_service.store.searching.LINK_LIMIT", limit)
    wrong = {
        f"{case['case']}: {case['search']}": found
        for case in table.cases("cases")
        if sorted(found := ids(table.page(case).matches)) != sorted(case["found"])
    }
    assert wrong == {}


def test_a_search_finds_each_resource_once_over_all_its_pages(table: Table) -> None:
    """One with several values that match stands where the first of them does, and on no later page."""
    for case in table.cases("cases"):
        for count in ("1", "2"):
            found = ids(page_after_page(table, case, count))
            assert sorted(found) == sorted(case["found"]), f"{case['case']}: {case['search']}, by {count}"


def page_after_page(table: Table, case: dict[str, Any], count: str) -> list[StoredVersion]:
    page = table.page(case, ("_count", count))
    found = [*page.matches]
    while page.next_cursor:
        page = table.page(case, ("_count", count), ("_page", page.next_cursor))
        found += page.matches
    return found


@pytest.mark.parametrize("limit", [SORT_LIMIT, 0], ids=["few", "many"])
def test_sorted_searches_keep_their_order_over_all_pages(
    table: Table, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few matches are sorted as a whole, many along the sort parameter's index: the order is the same."""
    monkeypatch.setattr("fhir_service.store.searching.SORT_LIMIT", limit)
    for case in table.cases("sorted"):
        assert ids(table.page(case).matches) == case["found"], case["case"]
        for count in ("1", "2"):
            found = ids(page_after_page(table, case, count))
            assert found == case["found"], f"{case['case']}, by {count}"


def test_searches_bring_along_what_the_specification_says(table: Table) -> None:
    for case in table.cases("included"):
        page = table.page(case)
        assert sorted(ids(page.matches)) == sorted(case["found"]), case["case"]
        along = [f"{one.type_name}/{one.logical_id}" for one in page.included]
        assert sorted(along) == sorted(case["along"]), case["case"]


def test_bad_searches_are_refused_by_name(table: Table) -> None:
    for case in table.cases("refused"):
        with pytest.raises(ServiceError, match=_literally(case["says"])) as failure:
            table.page(case)
        assert failure.value.status == 400, case["case"]
        assert failure.value.issues[0].expression, case["case"]


def ids(versions: Sequence[StoredVersion]) -> list[str]:
    return [version.logical_id for version in versions]


def _literally(text: str) -> str:
    return "".join(f"\\{char}" if char in "$|.[](){}*+?^\\" else char for char in text)
