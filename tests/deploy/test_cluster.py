"""Two instances over a primary and its replica, as processes: what docs/scaling.md promises, and failover.

The tests go on from each other: the last one ends the primary.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx
import pytest

from fhir_service.delivery.read_your_writes import POSITION_HEADER
from fhir_service.store.postgres import PostgresDatabase
from tests.replication import Replication, replication, wait_until
from tests.serving import serving

pytestmark = pytest.mark.xdist_group("replication")

BASE = "http://education.test"
PATHS = (
    "/fhir/r4/metadata",
    "/fhir/r4/MedicationKnowledge/ivig",
    "/fhir/r4/MedicinalProductUndesirableEffect?onset=after-more-than-1-day",
    "/fhir/r5/ClinicalUseDefinition?effect-part=http://snomed.info/sct|230145002&_include=*",
    "/fhir/r4b/CodeSystem/$lookup?system=https://education.test/fhir/CodeSystem/onset-window&code=after-more-than-1-day",
    "/fhir/r5/_history?_count=5",
    "/fhir/r4/PlanDefinition?_summary=count",
    "/topics/ivig-itp",
)


class Instance:
    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(
            path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    def put(self, text: str) -> httpx.Response:
        resource = {"resourceType": "Basic", "id": "a", "code": {"text": text}}
        return self.client.put("/fhir/r4/Basic/a", json=resource)

    def text(self, **headers: str) -> str:
        told: str = self.get("/fhir/r4/Basic/a", **headers).json()["code"]["text"]
        return told


def is_written(instance: Instance, text: str) -> bool:
    return instance.put(text).status_code == 200


class Cluster(NamedTuple):
    servers: Replication
    one: Instance
    other: Instance


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    own = ("FHIR_SERVICE_", "HOST", "PORT")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    with ExitStack() as stack:
        servers = stack.enter_context(replication(Path(stack.enter_context(TemporaryDirectory(prefix="pg")))))
        environment |= {
            "FHIR_SERVICE_DATABASE_URL": servers.url,
            "FHIR_SERVICE_DATABASE_READ_URLS": servers.read_url,
            "FHIR_SERVICE_BASE_URL": BASE,
            "FHIR_SERVICE_TYPES": "all",
            "FHIR_SERVICE_WRITES": "open",
            "FHIR_SERVICE_WORKERS": "1",
        }
        command = [sys.executable, "-m", "fhir_service", "serve"]
        folder = tmp_path_factory.mktemp("instances")  # not the project's: exports stand below it
        instances = [
            Instance(stack.enter_context(serving(command, folder, folder / name, environment)).url)
            for name in ("one", "other")
        ]
        for instance in instances:
            stack.callback(instance.client.close)
        yield Cluster(servers, *instances)


def test_both_instances_answer_the_same_bytes_and_validators(cluster: Cluster) -> None:
    cluster.servers.catch_up()
    for path in PATHS:
        one, other = cluster.one.get(path), cluster.other.get(path)
        assert one.status_code == 200, path
        assert one.content == other.content, path
        for name in ("ETag", "Last-Modified", "Cache-Control", "Vary", "Content-Location"):
            assert one.headers.get(name) == other.headers.get(name), (path, name)


def test_a_write_is_seen_everywhere_within_the_documented_bound(cluster: Cluster) -> None:
    for writer, reader in ((cluster.one, cluster.other), (cluster.other, cluster.one)):
        for number in range(3):
            assert writer.put(f"number {number}").status_code in (200, 201)
            assert writer.text() == f"number {number}"
            cluster.servers.catch_up()
            time.sleep(PostgresDatabase.TOKEN_AGE)
            assert reader.text() == f"number {number}"
            assert reader.text() == f"number {number}"


def test_the_client_that_writes_reads_it_through_either_instance(cluster: Cluster) -> None:
    for number in range(10):
        writer, reader = (cluster.one, cluster.other)[:: 1 if number % 2 else -1]
        position = writer.put(f"own {number}").headers[POSITION_HEADER]
        assert reader.text(Store_Position=position) == f"own {number}"
        assert writer.text(Store_Position=position) == f"own {number}"
        assert reader.text(Authorization="Bearer x") == f"own {number}"


def test_the_primary_s_death_is_survived_for_reads_and_promotion_restores_writes(cluster: Cluster) -> None:
    instances = (cluster.one, cluster.other)
    cluster.one.put("before")
    cluster.servers.catch_up()
    before = {path: cluster.one.get(path).content for path in PATHS}

    cluster.servers.primary.stop()
    for instance in instances:
        assert {path: instance.get(path, Cache_Control="no-cache").content for path in PATHS} == before
        assert {path: instance.get(path).content for path in PATHS} == before
        assert instance.text() == "before"
        assert instance.get("/readyz").status_code == 200
        lost = instance.get("/fhir/r4/Basic/a", Store_Position="FFFFFFFF/FFFFFFFF")
        assert (lost.status_code, lost.headers["Retry-After"]) == (503, "1")
        refused = instance.put("lost")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        (issue,) = refused.json()["issue"]
        assert issue["code"] == "transient"
        assert issue["diagnostics"].startswith("The primary database does not answer")

    cluster.servers.replica.promote()
    for number, (writer, reader) in enumerate((instances, instances[::-1])):
        wait_until(partial(is_written, writer, f"after {number}"))
        answer = writer.put(f"after {number}")
        assert reader.text(Store_Position=answer.headers[POSITION_HEADER]) == f"after {number}"
        assert writer.text() == f"after {number}"
