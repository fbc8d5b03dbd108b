"""What the benchmark asks: of resources that are there, nothing twice, in every shape something is found."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from werkzeug.test import Client

from bench.corpus import resources
from bench.queries import SHAPES, knowledge_requests, read_paths, searches
from fhir_service import create_app
from fhir_service.settings import Settings
from fhir_service.store import open_store

COUNT = 200


def test_every_resource_is_read_once() -> None:
    corpus = {f"/{one['resourceType']}/{one['id']}" for one in resources(COUNT)}
    found = list(read_paths(COUNT))
    assert len(found) == len(corpus) and set(found) == corpus


def test_no_question_of_the_doors_is_asked_twice() -> None:
    asked = knowledge_requests(1_000)
    assert len(set(asked)) == 1_000


def test_the_weights_of_the_mix_are_percents() -> None:
    assert sum(weight for weight, _ in SHAPES.values()) == 100


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder: Path = tmp_path_factory.mktemp("bench")
    environment = {
        "FHIR_SERVICE_TYPES": "all",
        "FHIR_SERVICE_WRITES": "open",
        "FHIR_SERVICE_DATABASE_URL": f"sqlite:///{folder}/bench.sqlite",
    }
    settings = Settings.from_environment(environment)
    store = open_store(settings.database_url)
    store.create_tables()
    client = Client(create_app(settings, store))
    for one in resources(COUNT):
        path = f"/fhir/r4/{one['resourceType']}/{one['id']}"
        assert client.put(path, json=one, content_type="application/fhir+json").status_code == 201
    return client


@pytest.mark.parametrize("shape", SHAPES)
def test_searches_of_every_shape_find_something(client: Client, shape: str) -> None:
    for path in islice(searches(COUNT, shape), 3_000):  # of so few patients, few have the name that is asked
        answer = client.get("/fhir/r4" + path)
        assert answer.status_code == 200, answer.text
        if answer.json and answer.json.get("entry"):
            return
    raise AssertionError(f"no search of the shape {shape} finds anything")


def test_the_doors_answer_what_they_are_asked(client: Client) -> None:
    for asked in knowledge_requests(40):
        answer = client.open(
            asked.path,
            method=asked.method,
            data=asked.body or None,
            content_type=asked.body and "application/json",
        )
        assert answer.status_code == 200, answer.text
