"""The scenarios of cases/*.yaml, on both databases and in every release: their resources do not meet."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings
from fhir_service.store.relational import RelationalStore
from tests.interactions import scenarios


@pytest.fixture
def client(store: RelationalStore) -> Iterator[FlaskClient]:
    app = create_app(Settings(writes="open", types="all"), store)
    with app.test_client() as client:
        yield client


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(scenario, id=f"{name}: {scenario['name']}")
        for name in scenarios.NAMES
        for scenario in scenarios.load(name)
    ],
)
def test_scenario(scenario: dict[str, Any], client: FlaskClient) -> None:
    for release in RELEASES:
        scenarios.run(scenario, client, f"/fhir/{release}")
