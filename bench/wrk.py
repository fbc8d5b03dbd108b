"""Asks a server as fast as it answers, with wrk, and reads what wrk says.

https://github.com/wg/wrk/blob/master/SCRIPTING
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

SCRIPT = Path(__file__).with_name("requests.lua")


@dataclass(frozen=True)
class Asked:
    """A request: what wrk sends."""

    path: str
    method: str = "GET"
    body: str = ""


@dataclass(frozen=True)
class Measured:
    rate: float
    """answers a second"""
    p50: float
    """milliseconds"""
    p99: float
    answers: int


class Failed(Exception):
    """The server answered with errors, or not at all: then a rate says nothing."""


def wrk(
    url: str,
    requests: Iterable[Asked] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    seconds: int,
    connections: int = 16,
) -> Measured:
    """The URL again and again; or each of the requests to its host once, until none is left."""
    with TemporaryDirectory(prefix="bench-") as folder:
        arguments = []
        if requests is not None:
            file = Path(folder, "requests")
            file.write_text("".join(f"{one.method}\t{one.path}\t{one.body}\n" for one in requests))
            arguments = [str(file)]
        told = [f"-t{min(2, connections)}", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s"]
        command = ["wrk", *told, "-s", str(SCRIPT)]
        command += [part for name, value in (headers or {}).items() for part in ("-H", f"{name}: {value}")]
        command += [url, "--", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failed(done.stdout + done.stderr)
    return read(done.stdout)


def read(output: str) -> Measured:
    """From the line of JSON that requests.lua prints at the end."""
    told = json.loads(output.strip().splitlines()[-1])
    if not told["requests"] or told["errors"]:
        raise Failed(f"{told['errors']} errors in {told['requests']} requests")
    return Measured(told["requests"] / told["seconds"], told["p50"], told["p99"], told["requests"])
