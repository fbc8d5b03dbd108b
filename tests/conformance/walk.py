"""The walk of walk.yaml: sends its requests to the service and keeps the bodies of the answers."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_service import create_app
from fhir_service.content.load import Package, load_packages
from fhir_service.content.published import search_parameters
from fhir_service.delivery.serve import load
from fhir_service.releases import RELEASES as FHIR_RELEASES
from fhir_service.served_types import served_types
from fhir_service.settings import Settings
from fhir_service.store import open_store
from tests.conformance.corpus import RELEASES, built_resources, read_yaml
from tests.conformance.official_validator import Job

FORMER = {"resourceType": "Organization", "id": "former", "name": "Gone"}


@dataclass(frozen=True)
class Answer:
    """What came back for one request of the walk, and the status it should have had."""

    job: Job
    status: int
    expected_status: int


@contextlib.contextmanager
def service(folder: Path) -> Iterator[FlaskClient]:
    """The service over the committed build, with one resource that was deleted."""
    settings = Settings(database_url=f"sqlite:///{folder / 'walk.db'}")
    load_former(settings)
    load(settings)  # which deletes what no package holds any more
    with create_app(settings).test_client() as client:
        yield client


def load_former(settings: Settings) -> None:
    content = {("Organization", "former"): json.dumps(FORMER).encode()}
    store = open_store(settings.database_url)
    store.create_tables()
    packages = [Package("https://education.test/former", "1.0.0", release, content) for release in RELEASES]
    load_packages(store, packages, search_parameters(), now=lambda: 1)
    store.close()


def through(client: FlaskClient, release: str) -> Iterator[Answer]:
    """Every request of the walk in one release."""
    for request in read_yaml("walk.yaml"):
        if release in request.get("releases", RELEASES):
            for path in paths(request["path"], release):
                yield from answers(client, release, request, f"/fhir/{release}{path}")


def paths(template: str, release: str) -> list[str]:
    """The path itself or, when it names no type, one path for each built type."""
    if "{type}" not in template:
        return [template]
    built = [job.resource for job in built_resources(release) if "/draft/" not in job.name]
    ids = {resource["resourceType"]: resource["id"] for resource in built}
    served = served_types(FHIR_RELEASES[release], "content")  # examples are packaged, not served
    return [
        template.format(type=type_name, id=logical_id)
        for type_name, logical_id in sorted(ids.items())
        if type_name in served
    ]


def answers(client: FlaskClient, release: str, request: dict[str, Any], path: str) -> Iterator[Answer]:
    method = request.get("method", "GET")
    headers = {"Accept": request["accept"]} if "accept" in request else {}
    response = client.open(path, method=method, headers=headers)
    answer = read(response, release, f"{method} {path}", request["status"])
    yield answer
    if "follow" in request:
        links = {link["relation"]: link["url"] for link in answer.job.resource["link"]}
        followed = client.get(links[request["follow"]])
        yield read(followed, release, f"{method} {path} -> {request['follow']}", request["status"])


def read(response: TestResponse, release: str, name: str, expected_status: int) -> Answer:
    return Answer(Job(release, name, json.loads(response.data)), response.status_code, expected_status)
