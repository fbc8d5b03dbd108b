"""The case tables of operations: scenarios as in tests/interactions/scenarios.py, in every release.

`cases/<operation>.yaml` is found by its name. Its scenarios start from the committed content, and may write;
`releases` limits a scenario to some. What they write must not meet: each is asked once a release.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.delivery.serve import load
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings
from fhir_service.store import open_store
from tests.interactions import scenarios

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    database = f"sqlite:///{tmp_path_factory.mktemp('operations') / 'fhir.sqlite'}"
    settings = Settings(database_url=database, writes="open", types="all")
    load(settings)
    store = open_store(database)
    with create_app(settings, store).test_client() as client:
        yield client
    store.close()


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(scenario, id=f"{file.stem}: {scenario['name']}")
        for file in CASES
        for scenario in yaml.safe_load(file.read_text(encoding="utf-8"))
    ],
)
def test_scenario(scenario: dict[str, Any], client: FlaskClient) -> None:
    for release in scenario.get("releases", RELEASES):
        scenarios.run(scenario, client, f"/fhir/{release}")
