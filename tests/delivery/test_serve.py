import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from fhir_service import create_app
from fhir_service.cli import main
from fhir_service.delivery.serve import greeting, load
from fhir_service.settings import Settings
from tests.checkout import PROJECT
from tests.serving import Service, serving


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{tmp_path / 'fhir.sqlite'}")


def environment(settings: Settings, **more: str) -> dict[str, str]:
    return {**os.environ, "FHIR_SERVICE_DATABASE_URL": settings.database_url, **more}


def test_the_content_is_loaded_before_the_application_opens(settings: Settings) -> None:
    assert load(settings) == []
    client = create_app(settings).test_client()
    for release in ("r4", "r4b", "r5"):
        assert client.get(f"/fhir/{release}/MedicationKnowledge").json["total"] >= 1  # type: ignore[index]


def test_a_second_load_changes_nothing(settings: Settings) -> None:
    load(settings)
    before = create_app(settings).test_client().get("/fhir/r4/Library").data
    load(settings)
    assert create_app(settings).test_client().get("/fhir/r4/Library").data == before


def test_the_greeting_names_the_addresses_that_clients_use() -> None:
    assert "http://[::1]:8000/fhir/r4" in greeting(Settings(host="::1"))
    assert "https://education.test/fhir/r5" in greeting(Settings(base_url="https://education.test"))


def test_a_bad_setting_is_said_in_one_line_and_nothing_is_started() -> None:
    ran = CliRunner(env={"PORT": "many"}).invoke(main, ["serve"])
    assert ran.exit_code == 1
    assert ran.output == "Error: PORT=many: allowed: a whole number from 1 to 65535\n"


def test_a_taken_port_is_said_before_anything_is_touched(settings: Settings, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = {"PORT": port, "FHIR_SERVICE_DATABASE_URL": settings.database_url}
        ran = CliRunner(env=env).invoke(main, ["serve"])
    assert ran.exit_code == 1
    assert f"PORT={port}" in ran.output
    assert list(tmp_path.iterdir()) == []


def test_every_answer_of_every_door_has_one_date(settings: Settings, tmp_path: Path) -> None:
    """What is asked for again is given by the cache, and is unchanged for who has it."""
    paths = (
        "/", "/topics", "/topics/ivig-itp", "/fhir/r4/Library", "/fhir/r4/Library/none", "/openapi.yaml",
        "/cds-services", "/metrics", "/healthz", "/packages/-/all", "/no/such/place",
        "/infobutton/service?mainSearchCriteria.v.c=5666&mainSearchCriteria.v.cs=2.16.840.1.113883.6.88",
    )  # fmt: skip
    command = [sys.executable, "-m", "fhir_service", "serve"]
    with serving(command, PROJECT, tmp_path / "log", environment(settings)) as service:
        for path in paths:
            first, again = service.get(path), service.get(path)
            etag = {"If-None-Match": first.headers["ETag"]} if "ETag" in first.headers else {}
            unchanged = service.get(path, headers=etag)
            assert unchanged.status_code == (304 if etag else first.status_code), path
            for answer in (first, again, unchanged):
                dates = [value for name, value in answer.headers.raw if name.lower() == b"date"]
                assert len(dates) == 1, (path, answer.status_code, dates)


def test_a_killed_worker_is_replaced_and_a_signal_ends_all(settings: Settings, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fhir_service", "serve"]
    started = environment(settings, FHIR_SERVICE_WORKERS="2")
    with serving(command, PROJECT, tmp_path / "log", started) as service:
        before = workers_of(service)
        os.kill(before[0], signal.SIGKILL)
        # Until it is gone, it may have been given a connection, which is reset.
        wait_until(lambda: before[0] not in workers_of(service), service)
        wait_until(lambda: answers(service), service)
        wait_until(lambda: bool(set(workers_of(service)) - set(before)), service)
        assert service.get("/fhir/r4/metadata").status_code == 200
        assert service.stop(signal.SIGTERM) == 0
        assert service.is_gone()
    assert "Traceback" not in service.output()


def wait_until(is_so: Callable[[], bool], service: Service) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, service.output()
        time.sleep(0.1)


def answers(service: Service) -> bool:
    """Refused, when the worker that was killed was the only one that had begun to listen."""
    try:
        return service.get("/fhir/r4/metadata").status_code == 200
    except httpx.ConnectError:
        return False


def workers_of(service: Service) -> list[int]:
    task = f"/proc/{service.process.pid}/task/{service.process.pid}/children"
    return [int(pid) for pid in Path(task).read_text().split()]


def test_serving_imports_neither_the_authoring_pipeline_nor_typed_models(settings: Settings) -> None:
    program = (
        "import os, sys\n"
        "from fhir_service.delivery.serve import load, worker_application\n"
        "from fhir_service.settings import Settings\n"
        "settings = Settings.from_environment(os.environ)\n"
        "load(settings)\n"
        "client = worker_application(settings, None).test_client()\n"
        "assert client.get('/fhir/r5/ClinicalUseDefinition?type=warning').status_code == 200\n"
        "authoring = {'fhir_service.content.source', 'markdown_it', 'pyphen'}\n"
        "unwanted = {'fhir', 'fhirpathpy', 'pydantic'} | authoring\n"
        "print(sorted(unwanted & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env=environment(settings),
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout == "[]\n"
