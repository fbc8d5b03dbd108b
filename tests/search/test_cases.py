"""The specification's search rules as data (cases/*.yaml), on every release and both databases."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import pytest
import yaml

from fhir_service.errors import ServiceError
from fhir_service.releases import RELEASES
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import index_rows
from fhir_service.search.param_types import Context
from fhir_service.search.query import parse_query
from fhir_service.store import DATABASES, open_store
from fhir_service.store.contract import StoredVersion
from fhir_service.store.relational import RelationalStore
from tests.store_fixtures import new_database

FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
PARAMETERS = {name: SearchParameters(release) for name, release in RELEASES.items()}


class Table(NamedTuple):
    release: str
    type_name: str
    content: dict[str, Any]
    store: RelationalStore

    def search(self, text: str) -> list[str]:
        context = Context(bases=tuple(self.content.get("bases", ())), now=0)
        pairs = parse_qsl(text, keep_blank_values=True)
        query = parse_query(pairs, self.type_name, PARAMETERS[self.release], context=context)
        return [match.logical_id for match in self.store.search(self.release, query).matches]


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
            for logical_id, resource in content["resources"].items():
                version = StoredVersion(resource["resourceType"], logical_id, 1, 0, b"{}")
                transaction.put(release, version, index_rows(_decimals(resource), parameters))
    yield store
    store.close()


@pytest.fixture(params=RELEASES)
def table(request: pytest.FixtureRequest, content: dict[str, Any], filled: RelationalStore) -> Table:
    first = next(iter(content["resources"].values()))
    return Table(request.param, first["resourceType"], content, filled)


def _decimals(value: Any) -> Any:
    """As JSON is parsed in the service: no binary fractions."""
    if isinstance(value, dict):
        return {name: _decimals(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_decimals(member) for member in value]
    return Decimal(str(value)) if isinstance(value, float) else value


def test_searches_find_what_the_specification_says(table: Table) -> None:
    wrong = {
        f"{case['case']}: {case['search']}": found
        for case in table.content["cases"]
        if sorted(found := table.search(case["search"])) != sorted(case["found"])
    }
    assert wrong == {}


def test_bad_searches_are_refused_by_name(table: Table) -> None:
    for case in table.content.get("refused", ()):
        with pytest.raises(ServiceError, match=_literally(case["says"])) as failure:
            table.search(case["search"])
        assert failure.value.status == 400, case["case"]
        assert failure.value.issues[0].expression, case["case"]


def _literally(text: str) -> str:
    return "".join(f"\\{char}" if char in "$|.[](){}*+?^\\" else char for char in text)
