"""An application that only gives one answer, under the service's own server: what no cache in it can beat.

What stands between it and nginx is our server (delivery/server); between it and the service, our cache.
With `?seconds` it takes so much processor time first, where the service would make an answer: an application
that only works as long as ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.processes import Server, free_port, running
from fhir_service.delivery.serve import server
from fhir_service.delivery.server.worker import Served
from fhir_service.delivery.wsgi import Environ, Given
from fhir_service.settings import Settings

# The server makes these itself.
_ITS_OWN = {"date", "server", "connection", "transfer-encoding"}


@contextlib.contextmanager
def bare(status: int, body: bytes, headers: Mapping[str, str]) -> Iterator[Server]:
    """While as many workers as the service has give that answer at /answer."""
    kept = [(name, value) for name, value in headers.items() if name not in _ITS_OWN]
    with TemporaryDirectory(prefix="bench-bare-") as folder:
        Path(folder, "head").write_text(json.dumps([status, kept]))
        Path(folder, "body").write_bytes(body)
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        with running([sys.executable, "-m", "bench.bare", folder, str(port)], f"{base}/") as process:
            yield Server(base, process)


def _served(folder: Path) -> Served:
    status, pairs = json.loads((folder / "head").read_text())
    headers, body = [(name, value) for name, value in pairs], (folder / "body").read_bytes()
    given = Given(int(status), headers, body)

    def look(environ: Environ) -> bool | None:
        return True if environ["PATH_INFO"] == "/answer" and not environ["QUERY_STRING"] else None

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        _work(float(environ["QUERY_STRING"] or 0))
        # A 304 would not tell that it is there.
        start_response("200 OK", headers)
        return [body]

    return Served(application=answer, look=look, kept=lambda _look: given)


def _work(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


if __name__ == "__main__":
    settings = Settings.from_environment(os.environ | {"PORT": sys.argv[2]})
    server(settings, settings.host, partial(_served, Path(sys.argv[1]))).run()
