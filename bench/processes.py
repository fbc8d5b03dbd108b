"""Starts the processes that are measured, waits for them, and reads what they take.

https://docs.kernel.org/filesystems/proc.html
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_PATIENCE = 120


@dataclass(frozen=True)
class Server:
    """Where a server answers FHIR, and its process when it was started here."""

    base: str
    process: subprocess.Popen[bytes] | None = None
    ready_after: float = 0.0
    """seconds from its start"""

    @property
    def path(self) -> str:
        """What comes before the paths of FHIR: nothing, or such as `/fhir`."""
        return urlsplit(self.base).path

    @property
    def root(self) -> str:
        return self.base.split("/fhir", 1)[0]

    def processor_time(self) -> float:
        """What its workers have taken until now, in seconds; 0 for a server that was started elsewhere."""
        return sum(map(_processor_time, children(self.process.pid))) if self.process else 0


@contextlib.contextmanager
def service(database_url: str, log: Path, *, writes: bool = False) -> Iterator[Server]:
    """This project's service over a database, with its default settings and every resource type."""
    port = free_port()
    environment = os.environ | {
        "PORT": str(port),
        "FHIR_SERVICE_TYPES": "all",
        "FHIR_SERVICE_DATABASE_URL": database_url,
        "FHIR_SERVICE_WRITES": "open" if writes else "off",
    }
    start = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "fhir_service", "serve"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz", process)
        yield Server(f"http://127.0.0.1:{port}/fhir/r4", process, time.monotonic() - start)
    finally:
        process.send_signal(signal.SIGTERM)
        _wait_for_the_end(process)


@contextlib.contextmanager
def running(command: Sequence[str], url: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command, from when it answers at the URL to the end of the block."""
    process = subprocess.Popen(command)
    try:
        wait_for(url, process)
        yield process
    finally:
        process.terminate()
        _wait_for_the_end(process)


def _wait_for_the_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # it was started in a group of its own
        process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with contextlib.suppress(OSError):  # not there yet, or not ready
            urllib.request.urlopen(url, timeout=10).close()
            return
        time.sleep(0.02)
    raise RuntimeError(f"{url} does not answer after {_PATIENCE} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str, headers: Mapping[str, str] | None = None) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a good answer, or of a 304; `urllib` raises for the others."""
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers or {})))
    except urllib.error.HTTPError as error:
        if error.code != 304:
            raise
        answer = error
    with answer:
        return answer.read(), {name.lower(): value for name, value in answer.headers.items()}


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(one) for task in tasks for one in (task / "children").read_text().split()]


def _processor_time(pid: int) -> float:
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")  # by itself and in the kernel


def proportional_memory(pid: int, kind: str = "Pss") -> float:
    """PSS in MB: what it has alone, and its share of what it has with others. `Pss_Anon` is without files."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) / 1000


class PeakMemory:
    """Looks every so often at what a process and all below it hold together, and remembers the most."""

    _PAUSE = 0.5

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.megabytes = 0.0

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(self._PAUSE):
            self.megabytes = max(self.megabytes, sum(map(_memory_or_none, _with_descendants(self._pid))))


def _with_descendants(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):  # it has ended
        for child in children(pid):
            yield from _with_descendants(child)


def _memory_or_none(pid: int) -> float:
    try:
        return proportional_memory(pid)
    except (OSError, StopIteration):  # it has ended
        return 0
