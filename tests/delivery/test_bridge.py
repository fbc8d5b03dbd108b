"""The bridge between Granian and the application: who sleeps, who answers, and that nobody is held up."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from granian.server.mp import MPServer

from fhir_service.delivery.bridge import _wrapper, in_parts
from tests.checkout import PROJECT
from tests.serving import Service, serving

PATIENCE = 30
READ = "/fhir/r4/Basic/one"
BODY = json.dumps({"resourceType": "Basic", "id": "one", "code": {"text": "word " * 50}}).encode()


class Connection:
    """What Granian would send the answer over."""

    def __init__(self) -> None:
        self.given: list[tuple[Any, ...]] = []
        self.is_answered = threading.Event()

    def response_bytes(self, *given: Any) -> None:
        self.given.append(given)
        self.is_answered.set()


class Bridge:
    """The bridge with an application whose requests last until they are released."""

    def __init__(self) -> None:
        self.counted = 0
        self.is_released = threading.Event()
        self.is_asked = threading.Event()
        self.answer = _wrapper(self._kept, self._count, self._application, {})

    def _kept(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes] | None:
        return (200, [], b"kept") if environ["PATH_INFO"] == "/kept" else None

    def _count(self) -> None:
        self.counted += 1

    def _application(self, _environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        self.is_asked.set()
        assert self.is_released.wait(PATIENCE)
        start_response("200 OK", [])
        return [b"made"]

    def thread(self, *paths: str) -> Thread:
        return Thread(self, paths)


class Thread:
    """One of Granian's, which is given these requests one after another and then ends."""

    def __init__(self, bridge: Bridge, paths: tuple[str, ...]) -> None:
        self.environs = [{"PATH_INFO": path} for path in paths]
        self.connections = [Connection() for _ in paths]
        self.may_end = threading.Event()
        self.is_back = threading.Event()
        self._bridge = bridge
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        for connection, environ in zip(self.connections, self.environs, strict=True):
            self._bridge.answer(connection, environ)
        self.is_back.set()
        self.may_end.wait(PATIENCE)

    def end(self) -> None:
        self.may_end.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@pytest.fixture
def bridge() -> Bridge:
    return Bridge()


def test_the_second_thread_answers_and_sleeps(bridge: Bridge) -> None:
    first = bridge.thread("/kept", "/kept")
    assert first.is_back.wait(PATIENCE)
    second = bridge.thread("/kept")
    assert second.connections[0].is_answered.wait(PATIENCE)
    assert second.connections[0].given == [(200, [], b"kept")]
    assert not second.is_back.wait(0.2)
    assert second.environs == [{}], "nothing of the request stays meanwhile"
    assert bridge.counted == 2
    first.end()
    second.end()
    assert bridge.counted == 3


def test_who_goes_to_work_leaves_the_seat_to_one_that_sleeps(bridge: Bridge) -> None:
    first = bridge.thread("/kept", "/slow")
    assert bridge.is_asked.wait(PATIENCE)
    second = bridge.thread("/kept")
    assert second.is_back.wait(PATIENCE)
    assert not first.is_back.is_set()
    bridge.is_released.set()
    assert first.is_back.wait(PATIENCE)
    assert first.connections[1].given == [(200, [], b"made")]
    first.end()
    second.end()


def test_a_thread_that_granian_ends_leaves_the_seat(bridge: Bridge) -> None:
    first = bridge.thread("/kept")
    assert first.is_back.wait(PATIENCE)
    second = bridge.thread("/kept")
    assert not second.is_back.wait(0.2)
    first.end()
    assert second.is_back.wait(PATIENCE)
    second.end()


@pytest.mark.parametrize(("size", "parts"), [(0, 1), (1_000_000, 1), (1_000_001, 4), (4_000_003, 4)])
def test_a_large_answer_is_given_in_parts(size: int, parts: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    chunks = in_parts(lambda _environ, _start_response: [body])({}, lambda *_: None)
    assert isinstance(chunks, list) == (parts == 1), "what is no list is sent part by part"
    given = list(chunks)
    assert (len(given), b"".join(given)) == (parts, body)


def test_granian_wraps_applications_by_the_name_that_is_replaced() -> None:
    spawn = MPServer._spawn_wsgi_worker.__wrapped__
    assert "_wsgi_call_wrap" in spawn.__code__.co_names
    assert "_wsgi_call_wrap" in spawn.__globals__


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    environment = os.environ | {
        "FHIR_SERVICE_DATABASE_URL": f"sqlite:///{tmp_path}/fhir.sqlite",
        "FHIR_SERVICE_WORKERS": "1",
        "FHIR_SERVICE_TYPES": "all",
        "FHIR_SERVICE_WRITES": "open",
    }
    command = [sys.executable, "-m", "fhir_service", "serve"]
    with serving(command, PROJECT, tmp_path / "log", environment) as started:
        yield started


def read_often(service: Service) -> None:
    """Over several connections at once, so that every thread that waits has some."""

    def read() -> None:
        with httpx.Client(base_url=service.url, trust_env=False, timeout=PATIENCE) as client:
            answered.extend(client.get(READ).status_code for _ in range(50))

    answered: list[int] = []
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answered == [200] * 200


def test_a_slow_upload_holds_up_nobody(service: Service) -> None:
    url = httpx.URL(service.url)
    put = httpx.put(
        service.url + READ, content=BODY, trust_env=False, headers={"Content-Type": "application/json"}
    )
    assert put.status_code == 201, put.text
    head = f"PUT {READ} HTTP/1.1\r\nHost: {url.netloc.decode()}\r\nContent-Type: application/json\r\n"
    for _ in range(2):
        read_often(service)
        with socket.create_connection((url.host, url.port or 0), timeout=PATIENCE) as slow:
            slow.sendall(f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY[:10])
            read_often(service)
            slow.sendall(BODY[10:])
            assert slow.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_connection_goes_on_after_a_body_that_nobody_reads(service: Service) -> None:
    with httpx.Client(base_url=service.url, trust_env=False, timeout=PATIENCE) as client:
        for _ in range(20):
            assert client.post("/metrics", content=b"x" * 5_000).status_code == 405
            assert client.get("/fhir/r4/metadata").status_code == 200


def test_a_large_answer_arrives_whole(service: Service) -> None:
    large = {
        "resourceType": "Basic",
        "id": "large",
        "code": {"text": "x" * 700_000, "coding": [{"display": "y" * 700_000}]},
    }
    with httpx.Client(base_url=service.url, trust_env=False, timeout=PATIENCE) as client:
        assert client.put("/fhir/r4/Basic/large", json=large).status_code == 201
        for headers in ({"Cache-Control": "no-cache"}, {}, {}):
            answer = client.get("/fhir/r4/Basic/large", headers=headers | {"Accept-Encoding": "identity"})
            assert int(answer.headers["Content-Length"]) == len(answer.content) > 1_000_000
            assert answer.json()["code"] == large["code"]
