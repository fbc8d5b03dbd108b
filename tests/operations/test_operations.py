"""The case tables of operations: scenarios as in tests/interactions/scenarios.py, in every release.

`cases/<operation>.yaml` is found by its name. Its scenarios start from the committed content, and may write;
`releases` limits a scenario to some. What they write must not meet: each is asked once a release.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_service.releases import RELEASES
from tests.interactions import scenarios
from tests.operations.committed import CASES, load_cases, service


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    with service(tmp_path_factory.mktemp("operations")) as client:
        yield client


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(scenario, id=f"{file.stem}: {scenario['name']}")
        for file in CASES
        for scenario in load_cases(file)
    ],
)
def test_scenario(scenario: dict[str, Any], client: FlaskClient) -> None:
    for release in scenario.get("releases", RELEASES):
        scenarios.run(scenario, client, f"/fhir/{release}")


def test_an_expansion_that_is_still_the_same_is_not_sent_again(client: FlaskClient) -> None:
    """Although each says when it was made."""
    for release in RELEASES:
        path = f"/fhir/{release}/ValueSet/ivig-itp-vs-ae-all/$expand?count=1"
        first = client.get(path)
        assert first.get_json()["expansion"]["timestamp"]
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        other = client.get(path + "&offset=1", headers={"If-None-Match": first.headers["ETag"]})
        assert other.status_code == 200
