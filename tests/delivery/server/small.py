"""A service with the real server and a small application, as PORT and WORKERS say."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fhir_service.delivery.server.worker import Served, Server
from fhir_service.delivery.wsgi import Environ

LARGE = 30_000_000


def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path.startswith("/slow/"):
        Path(path.removeprefix("/slow")).touch()
        time.sleep(float(environ["QUERY_STRING"]))
    if path == "/large":
        return [b"x" * LARGE]
    if path == "/stream":
        return (b"y" * 100_000 for _ in range(300))
    if path == "/echo":
        return [environ["wsgi.input"].read()]
    return [str(os.getpid()).encode()]


def load() -> Served:
    if "BROKEN" in os.environ:
        raise LookupError("what it needs is not there")
    return Served(application=application)


if __name__ == "__main__":
    Server(
        load, "127.0.0.1", int(os.environ["PORT"]), workers=int(os.environ.get("WORKERS", "1")), slots=2
    ).run()
