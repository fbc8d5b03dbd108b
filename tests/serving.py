"""Run the service as a person does, in a process of its own, and stop it by signal."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 120  # generous: a first start installs wheels, and the machine may be busy
STOP_SECONDS = 30


@dataclass(frozen=True)
class Service:
    """A started service: where it answers, its process, and where its output goes."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers, timeout=30, trust_env=False)

    def output(self) -> str:
        return self.log.read_text()

    def last_lines(self) -> str:
        return "\n".join(self.output().splitlines()[-30:])

    def stop(self, sent: signal.Signals, *, whole_group: bool = False) -> int:
        """Signal and wait for the end: a terminal's Ctrl-C reaches the whole group, a supervisor's one."""
        if whole_group:
            os.killpg(self.process.pid, sent)
        else:
            self.process.send_signal(sent)
        return self.process.wait(STOP_SECONDS)

    def is_gone(self) -> bool:
        """Whether no process of the group is left."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False


@contextlib.contextmanager
def serving(
    command: Sequence[str | Path], folder: Path, log: Path, environment: Mapping[str, str], **how: Any
) -> Iterator[Service]:
    """Start the command on a free port and wait until it is ready; kill what is left at the end."""
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, "PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **how,
        )
    service = Service(f"http://127.0.0.1:{port}", process, log)
    try:
        wait_until_ready(service)
        yield service
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(service: Service) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if service.process.poll() is not None:
            raise AssertionError(f"it ended with {service.process.returncode}:\n{service.last_lines()}")
        with contextlib.suppress(httpx.TransportError):
            if service.get("/readyz").status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"not ready after {START_SECONDS} s:\n{service.last_lines()}")
