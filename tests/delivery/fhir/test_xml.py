"""Answers in XML: https://hl7.org/fhir/R4/xml.html"""

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_service.formats import fhir_json, fhir_xml
from fhir_service.releases import RELEASES
from tests.memory_store import MemoryStore

XML = {"Accept": "application/fhir+xml"}


def in_json(answer: TestResponse, release: str) -> object:
    assert answer.headers["Content-Type"] == "application/fhir+xml; charset=utf-8"
    return fhir_xml.decode(answer.data, RELEASES[release])


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("path", ["Medication/m1", "Medication?_count=2", "Medication/gone", "Binary/page"])
def test_an_answer_in_xml_says_what_it_says_in_json(client: FlaskClient, release: str, path: str) -> None:
    url = f"/fhir/{release}/{path}"
    answer = client.get(url, headers=XML)
    json_answer = client.get(url, headers={"Accept": "application/fhir+json"})
    assert answer.status_code == json_answer.status_code
    assert in_json(answer, release) == fhir_json.parse(json_answer.data)


def test_what_xml_cannot_hold_is_told_in_xml(client: FlaskClient, store: MemoryStore) -> None:
    store.put("r4", {"resourceType": "Medication", "id": "m1", "nam": "x"}, 0)
    answer = client.get("/fhir/r4/Medication/m1", headers=XML)
    assert answer.status_code == 406
    assert "`Medication` has no element `nam` in R4" in str(in_json(answer, "r4"))
