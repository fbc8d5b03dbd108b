"""The promise of the response cache, over HTTP: several workers, and no stale or foreign answer.

https://www.rfc-editor.org/rfc/rfc9111

    a write that was answered is in every answer that is asked for later: at once on SQLite and to who wrote,
    after 100 ms from PostgreSQL
    an answer is for who asks: his format, the host that he named, his condition
"""

from __future__ import annotations

import os
import sys
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from tests.checkout import PROJECT
from tests.serving import Service, serving

WORKERS = 2
CLIENTS = 3  # of each worker: one writes, the others read
WRITES = 60
NEW_AFTER = {"sqlite": 0.0, "postgresql": 0.1}
READ, PAGE = "/fhir/r4/Basic/one", "/fhir/r4/Basic?_id=one"


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    environment = os.environ | {
        "FHIR_SERVICE_DATABASE_URL": database_url,
        "FHIR_SERVICE_WORKERS": str(WORKERS),
        "FHIR_SERVICE_TYPES": "all",
        "FHIR_SERVICE_WRITES": "open",
    }
    command = [sys.executable, "-m", "fhir_service", "serve"]
    with serving(command, PROJECT, tmp_path / "log", environment) as started:
        yield started


@dataclass
class Written:
    """Which number was written when, so that a reader knows what it must see."""

    new_after: float
    times: list[float] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def least(self) -> int:
        """The number that an answer to what is asked now must have, or a later one."""
        return bisect_right(self.times, time.monotonic() - self.new_after)


def test_no_answer_is_stale_or_foreign(service: Service, database_url: str) -> None:
    written = Written(NEW_AFTER[database_url.partition(":")[0]])
    with connected(service) as held, ThreadPoolExecutor() as pool:
        writers = [clients.pop() for clients in held.values()]
        put(writers[0], 0)
        reading = [client for clients in held.values() for client in clients]
        readers = [pool.submit(read, client, place, written) for place, client in enumerate(reading)]
        try:
            write(writers, written)
        finally:
            written.is_over.set()
        looked = [reader.result() for reader in readers]
    assert min(looked) > len(ASKED), "each reader has asked in every way"


@contextmanager
def connected(service: Service) -> Iterator[dict[int, list[httpx.Client]]]:
    """Clients with a connection each, as many to every worker."""
    held: dict[int, list[httpx.Client]] = {worker: [] for worker in workers_of(service)}
    with ExitStack() as opened:
        for _ in range(200):
            before = {worker: sockets(worker) for worker in held}
            client = opened.enter_context(httpx.Client(base_url=service.url, trust_env=False, timeout=30))
            client.get("/livez")
            took = [worker for worker in held if sockets(worker) > before[worker]]
            if len(took) == 1 and len(held[took[0]]) < CLIENTS:
                held[took[0]].append(client)
            if all(len(clients) == CLIENTS for clients in held.values()):
                break
        yield held


def workers_of(service: Service) -> list[int]:
    task = f"/proc/{service.process.pid}/task/{service.process.pid}/children"
    workers = [int(pid) for pid in Path(task).read_text().split()]
    assert len(workers) == WORKERS
    return workers


def sockets(worker: int) -> int:
    found = 0
    for one in Path(f"/proc/{worker}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            found += os.readlink(one).startswith("socket:")
    return found


def write(clients: list[httpx.Client], written: Written) -> None:
    for number, client in zip(range(1, WRITES + 1), cycle(clients), strict=False):
        put(client, number)
        written.times.append(time.monotonic())
        assert number_in(client.get(READ)) == number, "who has written sees it at once"


def put(client: httpx.Client, number: int) -> None:
    body = {"resourceType": "Basic", "id": "one", "code": {"text": f"number {number:05} " + "word " * 250}}
    assert client.put(READ, json=body).status_code in (200, 201)


def read(client: httpx.Client, place: int, written: Written) -> int:
    """Ask in turns in every way until all is written; gives how often."""
    count = place
    while not written.is_over.is_set():
        least = written.least()
        ASKED[count % len(ASKED)](client, least)
        count += 1
    return count - place


def number_in(answer: httpx.Response) -> int:
    assert answer.status_code == 200, answer.text
    return int(answer.text.partition("number ")[2][:5])


def is_json(client: httpx.Client, least: int) -> None:
    answer = client.get(READ, headers={"Accept-Encoding": "identity"})
    assert number_in(answer) >= least
    assert answer.headers["content-type"].startswith("application/fhir+json")
    assert "content-encoding" not in answer.headers
    assert answer.json()["id"] == "one"


def is_xml(client: httpx.Client, least: int) -> None:
    answer = client.get(READ, headers={"Accept": "application/fhir+xml"})
    assert number_in(answer) >= least
    assert answer.text.endswith("</Basic>")


def is_compressed(client: httpx.Client, least: int) -> None:
    answer = client.get(READ, headers={"Accept-Encoding": "gzip"})
    assert number_in(answer) >= least
    assert answer.headers["content-encoding"] == "gzip"


def is_past_the_cache(client: httpx.Client, least: int) -> None:
    assert number_in(client.get(READ, headers={"Cache-Control": "no-cache"})) >= least


def is_authorised(client: httpx.Client, least: int) -> None:
    assert number_in(client.get(READ, headers={"Authorization": "Bearer not.a.token"})) >= least


def is_for_the_host_that_is_named(client: httpx.Client, least: int) -> None:
    for name in ("127.0.0.1", "localhost"):
        host = f"{name}:{client.base_url.port}"
        answer = client.get(PAGE, headers={"Host": host})
        assert number_in(answer) >= least
        assert {one["url"].partition("/fhir")[0] for one in answer.json()["link"]} == {f"http://{host}"}


def is_refused_to_a_forged_host(client: httpx.Client, least: int) -> None:
    for headers in ({"Host": "forged.test"}, {"Host": f"127.0.0.1:{client.base_url.port}.forged.test"}):
        assert client.get(PAGE, headers=headers).status_code == 400
    answer = client.get(PAGE, headers={"X-Forwarded-Host": "forged.test", "X-Forwarded-Proto": "https"})
    assert number_in(answer) >= least
    assert "forged" not in answer.text


def is_unchanged_only_while_it_is(client: httpx.Client, least: int) -> None:
    first = client.get(READ)
    later = client.get(READ, headers={"If-None-Match": first.headers["etag"]})
    if later.status_code == 304:
        assert number_in(first) >= least
    else:
        assert number_in(later) > number_in(first) >= least


ASKED: tuple[Callable[[httpx.Client, int], None], ...] = (
    is_json,
    is_xml,
    is_compressed,
    is_past_the_cache,
    is_authorised,
    is_for_the_host_that_is_named,
    is_refused_to_a_forged_host,
    is_unchanged_only_while_it_is,
)
