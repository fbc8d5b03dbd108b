"""$validate where nothing can be written, and of all that we serve."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.delivery.serve import load
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings
from tests.conformance.corpus import read_folder


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder: Path = tmp_path_factory.mktemp("validate")
    settings = Settings(database_url=f"sqlite:///{folder / 'fhir.sqlite'}")
    load(settings)
    return create_app(settings).test_client()


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_served_is_valid(release: str, client: FlaskClient) -> None:
    problems = []
    for job in (
        *read_folder("resources/common/fhir", release),
        *read_folder("resources/topics/*/fhir", release),
    ):
        path = f"{job.resource['resourceType']}/{job.resource['id']}"
        answer = client.get(f"/fhir/{release}/{path}/$validate")
        assert answer.status_code == 200
        issues = json.loads(answer.data)["issue"]
        problems += [(path, issue) for issue in issues if issue["severity"] == "error"]
    assert problems == []


def test_where_writing_is_off_no_write_would_be_accepted(client: FlaskClient) -> None:
    answer = client.get("/fhir/r4/Medication/ivig/$validate?mode=delete")
    (issue,) = json.loads(answer.data)["issue"]
    assert (issue["severity"], issue["code"]) == ("error", "not-supported")
    assert "FHIR_SERVICE_WRITES=off" in issue["diagnostics"]
