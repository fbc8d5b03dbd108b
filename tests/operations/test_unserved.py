"""An operation on what a request brings, where resources of that type are not served."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.delivery.serve import load
from fhir_service.settings import Settings
from fhir_service.store import open_store

ANSWERS = {
    "resourceType": "QuestionnaireResponse",
    "questionnaire": "https://education.test/fhir/Questionnaire/ivig-itp-side-effect-check",
    "status": "completed",
    "item": [
        {"linkId": "during", "item": [{"linkId": "during-headache", "answer": [{"valueBoolean": True}]}]}
    ],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The service with its default types, and writing open."""
    database = f"sqlite:///{tmp_path_factory.mktemp('unserved') / 'fhir.sqlite'}"
    settings = Settings(database_url=database, writes="open")
    load(settings)
    store = open_store(database)
    with create_app(settings, store).test_client() as client:
        yield client
    store.close()


def send(client: FlaskClient, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/fhir/r4/{path}", json=body, content_type="application/fhir+json")


def test_answers_are_extracted_at_type_level(client: FlaskClient) -> None:
    answer = send(client, "QuestionnaireResponse/$extract", ANSWERS | {"subject": {"reference": "Patient/c"}})
    assert answer.status_code == 200
    kinds = [entry["resource"]["resourceType"] for entry in answer.get_json(force=True)["entry"]]
    assert kinds == ["QuestionnaireResponse", "AdverseEvent"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_none_is_kept_so_that_there_is_none_at_instance_level(client: FlaskClient) -> None:
    assert send(client, "QuestionnaireResponse", ANSWERS).status_code == 404
    for path in ("QuestionnaireResponse/x/$extract", "QuestionnaireResponse", "QuestionnaireResponse/x"):
        answer = client.get(f"/fhir/r4/{path}")
        assert answer.status_code == 404
        assert answer.get_json(force=True)["issue"][0]["code"] == "not-supported"


def test_the_statement_lists_the_operation_and_no_interaction(client: FlaskClient) -> None:
    statement = client.get("/fhir/r4/metadata").get_json(force=True)
    resources = statement["rest"][0]["resource"]
    assert [one["type"] for one in resources] == sorted(one["type"] for one in resources)
    (listed,) = (one for one in resources if one["type"] == "QuestionnaireResponse")
    assert listed.keys() == {"type", "documentation", "operation"}
    assert [one["name"] for one in listed["operation"]] == ["extract"]
    assert not [one for one in resources if one["type"] == "AdverseEvent"]


def test_it_can_be_asked_in_a_batch(client: FlaskClient) -> None:
    request = {"method": "POST", "url": "QuestionnaireResponse/$extract"}
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": request, "resource": ANSWERS}]}
    answer = client.post("/fhir/r4", json=batch, content_type="application/fhir+json")
    entry = answer.get_json(force=True)["entry"][0]
    assert entry["response"]["status"] == "200 OK"
    assert entry["resource"]["resourceType"] == "QuestionnaireResponse"
