"""What /metrics tells, read by the parser of Prometheus' own client: https://prometheus.github.io/client_python/"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from fhir_service.delivery import metrics
from fhir_service.delivery.counts import Counts, shared_file
from fhir_service.delivery.metrics import DOORS
from tests.checkout import PROJECT
from tests.serving import serving

ANSWERS, SECONDS = "fhir_service_answers_total", "fhir_service_answer_seconds"
CACHED = "fhir_service_cached_answers_total"


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Name and values of the labels -> number."""
    families = text_string_to_metric_families(text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def told(client: FlaskClient) -> dict[tuple[str, ...], float]:
    return samples(client.get("/metrics").text)


def test_an_answer_counts_for_its_door_and_status(client: FlaskClient) -> None:
    client.get("/fhir/r4/Medication/m1")
    client.get("/fhir/r4/Medication/none")
    client.get("/infobutton")
    client.get("/no/such/place")
    found = told(client)
    assert found[ANSWERS, "fhir", "2xx"] == 1
    assert found[ANSWERS, "fhir", "4xx"] == 1
    assert found[ANSWERS, "infobutton", "4xx"] == 1
    assert found[ANSWERS, "other", "4xx"] == 1
    assert found[ANSWERS, "fhir", "5xx"] == 0


def test_a_time_is_counted_once_and_within_every_longer_bound(client: FlaskClient) -> None:
    for _ in range(3):
        client.get("/fhir/r4/Medication/m1", headers={"Cache-Control": "no-cache"})
    found = told(client)
    within = [value for key, value in found.items() if key[:2] == (f"{SECONDS}_bucket", "fhir")]
    assert within == sorted(within)
    assert within[-1] == found[f"{SECONDS}_count", "fhir"] == 3
    assert 0 < found[f"{SECONDS}_sum", "fhir"] < 60


@pytest.mark.parametrize(
    ("seconds", "bound"), [(0.0, 0.001), (0.0625, 0.1), (0.25, 0.25), (11, float("inf"))]
)
def test_an_answer_counts_within_the_first_bound_that_it_keeps(
    monkeypatch: pytest.MonkeyPatch, seconds: float, bound: float
) -> None:
    counts = metrics.open_counts()
    monkeypatch.setattr(metrics, "time", SimpleNamespace(perf_counter=iter([7.0, 7.0 + seconds]).__next__))
    metrics.measured(lambda *_: [], counts)({"PATH_INFO": "/fhir"}, print)
    assert [one for one in metrics._BOUNDS if counts.total(("within", "fhir", one))] == [bound]


def test_what_is_raised_counts_as_a_failure() -> None:
    def raising(*_: object) -> list[bytes]:
        raise LookupError

    counts = metrics.open_counts()
    with pytest.raises(LookupError):
        metrics.measured(raising, counts)({"PATH_INFO": "/fhir"}, print)
    assert counts.total(("answers", "fhir", "5xx")) == 1


def test_an_answer_from_the_cache_counts_there_alone(client: FlaskClient) -> None:
    for _ in range(3):
        client.get("/fhir/r4/Medication/m1")
    found = told(client)
    assert (found[ANSWERS, "fhir", "2xx"], found[CACHED,]) == (1, 2)


def test_no_path_query_or_name_is_told(client: FlaskClient) -> None:
    client.get("/fhir/r4/Medication?code=secret")
    client.get("/secret")
    text = client.get("/metrics").text
    assert "secret" not in text
    assert {key[1] for key in samples(text) if key[0] == ANSWERS} == set(DOORS)


def test_it_is_told_in_openmetrics_to_who_asks_for_that(client: FlaskClient) -> None:
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.headers["Cache-Control"] == "no-store"
    families = openmetrics.text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    names = [family.name for family in families]
    assert names == [
        "fhir_service_build",
        "fhir_service_answers",
        "fhir_service_answer_seconds",
        "fhir_service_cached_answers",
    ]


def test_whichever_worker_is_asked_the_sums_are_those_of_all(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fhir_service", "serve"]
    url = f"sqlite:///{tmp_path / 'fhir.sqlite'}"
    environment = {**os.environ, "FHIR_SERVICE_DATABASE_URL": url, "FHIR_SERVICE_WORKERS": "2"}
    with serving(command, PROJECT, tmp_path / "log", environment) as service:
        before = samples(service.get("/metrics").text)[ANSWERS, "fhir", "4xx"]
        for number in range(40):  # each over a connection of its own
            service.get(f"/fhir/r4/Library/none-{number}")
        sums = {samples(service.get("/metrics").text)[ANSWERS, "fhir", "4xx"] for _ in range(20)}
    assert sums == {before + 40}


def counting(file: int) -> subprocess.Popen[str]:
    """A process that has counted one `b`, and waits to be told to end."""
    code = (
        "import sys; from fhir_service.delivery.counts import Counts\n"
        "counts = Counts(['a', 'b'], int(sys.argv[1])); counts.add('b')\n"
        "print('counted', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(file)],
        cwd=PROJECT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(file,),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def test_a_worker_that_was_killed_is_still_counted_and_its_successor_takes_its_row() -> None:
    with shared_file() as file:
        first, second, third = (counting(file) for _ in range(3))
        second.kill()
        second.communicate()
        successor = counting(file)
        row = 2 * 8
        numbers = memoryview(os.pread(file, 4 * row, 0)).cast("d").tolist()
        for process in (first, third, successor):
            process.communicate()
    assert numbers == [0, 1, 0, 2, 0, 1, 0, 0]


def test_numbers_without_a_file_are_those_of_the_process() -> None:
    counts = Counts(["a", ("b", 1)])
    counts.add(("b", 1), 2.5)
    assert (counts.total("a"), counts.total(("b", 1))) == (0, 2.5)


@pytest.mark.parametrize("has_folder", [True, False])
def test_the_numbers_are_in_memory_where_there_is_a_folder_for_it_and_leave_no_file(
    has_folder: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes to a file on a disk now and then waits for that."""
    folder = tmp_path if has_folder else tmp_path / "none"
    monkeypatch.setattr("fhir_service.delivery.server.memory._FOLDER", str(folder))
    with shared_file() as file:
        place = Path(os.readlink(f"/proc/self/fd/{file}"))
        assert place.parent == (tmp_path if has_folder else Path(gettempdir()))
        assert list(tmp_path.iterdir()) == []
