"""Processes that serve, over the network: how they start, answer, and end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import gettempdir

import httpx
import pytest

from fhir_service.delivery.server.memory import folder_in_memory
from tests.checkout import PROJECT
from tests.delivery.server.client import read_answers
from tests.delivery.server.small import LARGE
from tests.serving import Service, free_port, serving

PATIENCE = 30
COMMAND = [sys.executable, "-m", "tests.delivery.server.small"]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with serving(COMMAND, PROJECT, tmp_path / "log", os.environ) as started:
        yield started


def connect(service: Service) -> socket.socket:
    url = httpx.URL(service.url)
    return socket.create_connection((url.host, url.port or 0), timeout=PATIENCE)


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: h", *headers, "", ""]).encode()


def read_all(connection: socket.socket) -> bytes:
    """Until the server ends the connection; an answer is lost when it resets it."""
    received = bytearray()
    while part := connection.recv(1_000_000):
        received += part
    return bytes(received)


def until(is_so: Callable[[], bool], service: Service) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, service.last_lines()
        time.sleep(0.02)


def workers_of(service: Service) -> list[int]:
    task = f"/proc/{service.process.pid}/task/{service.process.pid}/children"
    return [int(pid) for pid in Path(task).read_text().split()]


def test_requests_in_one_segment_are_answered_in_their_order(service: Service) -> None:
    with connect(service) as connection:
        connection.sendall(get("/a") * 50 + get("/b", "Connection: close"))
        answers = read_answers(read_all(connection))
    assert [one.status for one in answers] == [200] * 51
    assert answers[-1].headers["connection"] == "close"
    assert all(one.headers["date"].endswith(" GMT") for one in answers)


def test_a_large_answer_arrives_whole_however_slowly_it_is_taken(service: Service) -> None:
    for path, byte in (("/large", b"x"), ("/stream", b"y")):
        with connect(service) as connection:
            connection.sendall(get(path, "Connection: close"))
            received = connection.recv(100)
            assert service.get("/").status_code == 200, "nobody is held up meanwhile"
            (answer,) = read_answers(received + read_all(connection))
            assert answer.body == byte * LARGE


def test_who_has_sent_all_and_says_so_still_gets_the_answer(service: Service) -> None:
    with connect(service) as connection:
        connection.sendall(get("/large"))
        connection.shutdown(socket.SHUT_WR)
        (answer,) = read_answers(read_all(connection))
    assert len(answer.body) == LARGE


def test_a_slow_upload_holds_up_nobody(service: Service) -> None:
    slow = [connect(service) for _ in range(20)]
    for connection in slow:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345")
    for _ in range(20):
        assert service.get("/").status_code == 200
    for connection in slow:
        connection.sendall(b"67890")
        assert connection.recv(1_000).endswith(b"\r\n\r\n1234567890")
        connection.close()


def test_who_still_sends_a_body_that_is_too_large_reads_the_answer(service: Service) -> None:
    with connect(service) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n")
        connection.sendall(b"x" * 20_000_000)
        (answer,) = read_answers(read_all(connection))
    assert (answer.status, answer.headers["connection"]) == (200, "close")


def test_who_still_sends_what_cannot_be_understood_reads_the_answer(service: Service) -> None:
    with connect(service) as connection:
        connection.sendall(b"FROB / HTTP/1.1\r\n" + b"x" * 5_000_000)
        (answer,) = read_answers(read_all(connection))
    assert answer.status == 501


def test_clients_that_break_off_leave_nothing_in_the_log(service: Service) -> None:
    for sent in (
        b"",
        b"GET",
        get("/large"),
        get("/stream"),
        b"FROB\r\n",
        get("/large", "Connection: close") * 3,
    ):
        for _ in range(5):
            connection = connect(service)
            connection.sendall(sent)
            # A reset, in place of an end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
    assert service.get("/").status_code == 200
    assert service.stop(signal.SIGTERM) == 0
    assert service.output() == ""


def test_a_stop_lets_go_who_waits_for_nothing_and_answers_who_was_at_work(
    service: Service, tmp_path: Path
) -> None:
    idle, half, busy = connect(service), connect(service), connect(service)
    idle.sendall(get("/"))
    assert idle.recv(1_000)
    half.sendall(get("/")[:-2])
    mark = tmp_path / "mark"
    busy.sendall(get(f"/slow{mark}?1"))
    until(mark.exists, service)
    service.process.send_signal(signal.SIGTERM)
    assert idle.recv(1) == b""
    half.sendall(b"\r\n")
    for connection in (half, busy):
        (answer,) = read_answers(read_all(connection))
        assert answer.status == 200
        connection.close()
    idle.close()
    assert service.process.wait(PATIENCE) == 0
    assert service.is_gone()
    assert service.output() == ""


def test_a_request_that_does_not_end_does_not_keep_a_service_that_is_told_to_stop(
    service: Service, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    with connect(service) as busy:
        busy.sendall(get(f"/slow{mark}?1000"))
        until(mark.exists, service)
        assert service.stop(signal.SIGINT, whole_group=True) == 0
    assert service.is_gone()


@pytest.mark.parametrize("sent", [signal.SIGUSR1, signal.SIGWINCH, signal.SIGHUP])
def test_a_signal_that_is_no_stop_costs_nobody_an_answer(
    service: Service, tmp_path: Path, sent: signal.Signals
) -> None:
    mark = tmp_path / "mark"
    with connect(service) as busy:
        busy.sendall(get(f"/slow{mark}?1", "Connection: close"))
        until(mark.exists, service)
        os.killpg(service.process.pid, sent)
        (answer,) = read_answers(read_all(busy))
    assert answer.status == 200
    until(lambda: service.get("/").status_code == 200, service)


def test_workers_end_with_a_parent_that_was_killed(service: Service) -> None:
    service.process.kill()
    service.process.wait(PATIENCE)
    until(service.is_gone, service)


def test_the_file_that_tells_that_a_worker_lives_is_in_memory(service: Service) -> None:
    """It is touched every second; on a disk that now and then waits for the disk."""
    (worker,) = workers_of(service)
    files = [os.readlink(one) for one in Path(f"/proc/{worker}/fd").iterdir()]
    (told,) = [Path(file) for file in files if "/wgunicorn-" in file]
    assert str(told.parent) == (folder_in_memory() or gettempdir())


def test_a_worker_that_was_killed_is_replaced(service: Service) -> None:
    (before,) = workers_of(service)
    os.kill(before, signal.SIGKILL)
    until(lambda: bool(workers_of(service)) and before not in workers_of(service), service)
    until(lambda: service.get("/").text not in ("", str(before)), service)


def test_a_worker_that_cannot_load_ends_the_service_and_says_why() -> None:
    environment = os.environ | {"PORT": str(free_port()), "BROKEN": "yes", "WORKERS": "2"}
    ran = subprocess.run(
        COMMAND, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert ran.returncode != 0
    assert "LookupError: what it needs is not there" in ran.stderr


@pytest.mark.parametrize(
    "surprise",
    [
        {"GUNICORN_CMD_ARGS": "--workers 7 --bind 0.0.0.0:1 --daemon"},
        {"WEB_CONCURRENCY": "7"},
        {"LISTEN_FDS": "1", "LISTEN_PID": "1"},
    ],
    ids=lambda one: next(iter(one)),
)
def test_gunicorn_takes_nothing_from_the_environment(surprise: dict[str, str], tmp_path: Path) -> None:
    with serving(COMMAND, PROJECT, tmp_path / "log", os.environ | surprise) as service:
        assert len(workers_of(service)) == 1
        assert service.stop(signal.SIGTERM) == 0


def test_many_read_at_once_over_connections_that_stay(service: Service) -> None:
    def read() -> None:
        with httpx.Client(base_url=service.url, trust_env=False, timeout=PATIENCE) as client:
            answered.extend(
                client.post("/echo", content=b"x" * size).content == b"x" * size for size in sizes
            )

    sizes = (0, 1, 1_000, 70_000, 900_000) * 5
    answered: list[bool] = []
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answered == [True] * 4 * len(sizes)
