"""$export in the whole service: started, asked for, fetched and cancelled over HTTP; alive after a kill."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.delivery.serve import load
from fhir_service.exports import run as running
from fhir_service.exports import worker
from fhir_service.exports.worker import exports_path
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings
from fhir_service.store import open_store
from tests.exports.filling import fill, read_lines
from tests.serving import Service, serving

PATIENCE = 120


@pytest.fixture
def client(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FlaskClient]:
    monkeypatch.chdir(tmp_path)  # where the files of PostgreSQL's exports go
    settings = Settings(database_url=database_url)
    load(settings)
    store = open_store(database_url)
    with create_app(settings, store).test_client() as client:
        yield client
    store.close()


def start(client: FlaskClient, query: str = "", base: str = "/fhir/r4", **headers: str) -> str:
    answer = client.get(f"{base}/$export{query}", headers={"Prefer": "respond-async", **headers})
    assert answer.status_code == 202, answer.text
    return answer.headers["Content-Location"]


def finished(client: FlaskClient, address: str, **headers: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while (answer := client.get(address, headers=headers)).status_code == 202:
        assert answer.headers["X-Progress"]
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Cache-Control"] == "no-store"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/json"
    assert answer.headers["Expires"].endswith("GMT")
    manifest: dict[str, Any] = answer.get_json()
    return manifest


def fetch(client: FlaskClient, url: str, **headers: str) -> list[dict[str, Any]]:
    answer = client.get(url, headers={"Accept": "application/fhir+ndjson", **headers}, buffered=True)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/fhir+ndjson"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    return list(read_lines(answer.data))


@pytest.mark.parametrize("release", RELEASES)
def test_everything_is_exported_as_it_is_served(client: FlaskClient, release: str) -> None:
    base = f"/fhir/{release}"
    manifest = finished(client, start(client, base=base))
    assert manifest["request"] == f"http://localhost{base}/$export"
    assert (manifest["requiresAccessToken"], manifest["error"]) == (False, [])
    assert "deleted" not in manifest
    total = 0
    for file in manifest["output"]:
        found = fetch(client, file["url"])
        assert len(found) == file["count"]
        total += file["count"]
        assert {one["resourceType"] for one in found} == {file["type"]}
        served = client.get(
            f"{base}/{file['type']}/{found[0]['id']}", headers={"Accept": "application/fhir+json"}
        )
        assert served.get_json() == found[0]
    assert total == client.get(f"{base}/_history?_count=0").get_json()["total"]


def test_types_filters_and_time_narrow_it(client: FlaskClient) -> None:
    query = "?_type=Medication,Library&_typeFilter=Medication%3Fcode%3D5666"
    manifest = finished(client, start(client, query))
    assert {file["type"]: file["count"] for file in manifest["output"]} == {"Library": 1, "Medication": 1}
    later = finished(client, start(client, f"?_since={manifest['transactionTime']}"))
    assert (later["output"], later["deleted"]) == ([], [])


def test_below_the_common_base_the_files_stay_those_of_the_release(client: FlaskClient) -> None:
    accept = {"Accept": "application/fhir+json; fhirVersion=5.0"}
    address = start(client, "?_type=ClinicalUseDefinition", base="/fhir", **accept)
    assert address.startswith("http://localhost/fhir/r5/$export-status/")
    (file,) = finished(client, address)["output"]
    assert len(fetch(client, file["url"])) == file["count"] == 22


def test_head_and_unknown_files(client: FlaskClient) -> None:
    address = start(client, "?_type=Library")
    (file,) = finished(client, address)["output"]
    with client.head(file["url"]) as head:
        assert (head.status_code, head.data) == (200, b"")
    assert client.get(file["url"].replace("Library", "Medication")).status_code == 404
    assert client.get(file["url"].replace("$export-output", "$export-deleted")).status_code == 404


def test_a_deleted_export_is_gone_with_its_files(client: FlaskClient, database_url: str) -> None:
    address = start(client)
    (file, *_) = finished(client, address)["output"]
    assert client.delete(address).status_code == 202
    assert client.get(address).status_code == 404
    assert client.delete(address).status_code == 404
    assert client.get(file["url"]).status_code == 404
    assert list(exports_path(database_url).iterdir()) == []


def test_files_expire(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    address = start(client, "?_type=Library")
    finished(client, address)
    monkeypatch.setattr(worker, "KEPT", -1)
    assert client.get(address).status_code == 404
    start(client, "?_type=Library")
    assert len(list(exports_path(database_url).iterdir())) == 1


def test_too_many_are_refused_for_now(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_MOST_WAITING", 0)
    answer = client.get("/fhir/r4/$export", headers={"Prefer": "respond-async"})
    assert answer.status_code == 503
    assert answer.get_json()["issue"][0]["code"] == "transient"


def test_a_failure_is_told(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(running, "_append", fail)
    address = start(client)
    while (answer := client.get(address)).status_code == 202:
        time.sleep(0.02)
    assert answer.status_code == 500
    told = answer.get_json()["issue"][0]["diagnostics"]
    assert told.startswith("The export failed.")
    assert "disk" not in told


# A service of its own, killed in the middle


def environment(database_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "FHIR_SERVICE_WORKERS": "1",
        "FHIR_SERVICE_TYPES": "all",
        "FHIR_SERVICE_DATABASE_URL": database_url,
    }


def serve(database_url: str, folder: Path) -> Any:
    command = [sys.executable, "-m", "fhir_service", "serve"]
    return serving(command, folder, folder / "log", environment(database_url))


def noted(folder: Path, job_id: str) -> dict[str, Any]:
    progress: dict[str, Any] = json.loads((folder / job_id / "progress.json").read_bytes())
    return progress


COUNT = 20_000


def test_an_export_survives_a_kill_and_goes_on_in_the_next_process(database_url: str, tmp_path: Path) -> None:
    store = open_store(database_url)
    store.create_tables()
    fill(store, COUNT)
    store.close()
    folder = tmp_path / exports_path(database_url)  # an absolute path stays as it is
    with serve(database_url, tmp_path) as service:
        job_id = _started(service)
        while not noted(folder, job_id)["written"].get("Basic", {}).get("count"):
            time.sleep(0.001)
        os.killpg(service.process.pid, signal.SIGKILL)
        service.process.wait()
    before = noted(folder, job_id)
    assert before["finished"] is None
    assert 0 < before["written"]["Basic"]["count"] < COUNT
    with serve(database_url, tmp_path) as service:
        deadline = time.monotonic() + PATIENCE
        while noted(folder, job_id)["finished"] is None:  # without anybody asking
            assert time.monotonic() < deadline
            time.sleep(0.02)
        manifest = service.get(f"/fhir/r4/$export-status/{job_id}").json()
        assert manifest["output"][0]["count"] == COUNT
        answer = service.get(manifest["output"][0]["url"].removeprefix(service.url))
        assert len({one["id"] for one in read_lines(answer.content)}) == COUNT
    after = noted(folder, job_id)
    assert after["at"] == before["at"]


def _started(service: Service) -> str:
    import httpx

    answer = httpx.get(
        f"{service.url}/fhir/r4/$export?_type=Basic", headers={"Prefer": "respond-async"}, trust_env=False
    )
    assert answer.status_code == 202
    return answer.headers["Content-Location"].rpartition("/")[2]
