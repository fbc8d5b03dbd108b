"""An application that only gives one answer, under the service's own server: what no cache in it can beat.

https://github.com/emmett-framework/granian

What stands between it and nginx is the bridge from the network to Python; between it and the service, ours.
With `?seconds` it takes so much processor time first: an application that only works as long as ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.processes import Server, free_port, running
from fhir_service.delivery.serve import granian
from fhir_service.settings import Settings

# The server makes these itself.
_ITS_OWN = {"date", "server", "connection", "transfer-encoding"}


@contextlib.contextmanager
def bare(status: int, body: bytes, headers: Mapping[str, str]) -> Iterator[Server]:
    """While as many workers as the service has give that answer at /answer."""
    kept = [(name, value) for name, value in headers.items() if name not in _ITS_OWN]
    with TemporaryDirectory(prefix="bench-bare-") as folder:
        Path(folder, "head").write_text(json.dumps([f"{status} Answer", kept]))
        Path(folder, "body").write_bytes(body)
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        with running([sys.executable, "-m", "bench.bare", folder, str(port)], f"{base}/") as process:
            yield Server(base, process)


def _application(folder: Path) -> Callable[..., Iterable[bytes]]:
    status, pairs = json.loads((folder / "head").read_text())
    headers, body = [(name, value) for name, value in pairs], (folder / "body").read_bytes()
    chunks = [body] if body else []

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["QUERY_STRING"]:
            _work(float(environ["QUERY_STRING"]))
        # A 304 would not tell that it is there.
        start_response(status if environ["PATH_INFO"] == "/answer" else "200 OK", headers)
        return chunks

    return answer


def _work(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


if __name__ == "__main__":
    settings = Settings.from_environment(os.environ | {"PORT": sys.argv[2]})
    granian(settings, settings.host).serve(
        target_loader=lambda: _application(Path(sys.argv[1])), wrap_loader=False
    )
