"""fhirstarter, a framework for FHIR servers in Python, as a peer: started over a store in memory.

https://pypi.org/project/fhirstarter/

    make bench PEER=fhirstarter              installs it into var/bench and measures it
    python -m bench.peer_fhirstarter         only installs and serves it

It has no store of its own, so `bench/fhirstarter_app.py` keeps resources in dictionaries: what is measured is
the framework, in one process. It has no ETags, transactions, chains or paging: those rows say that they
failed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

from bench.processes import free_port, wait_for
from bench.stores import KEPT

_ENVIRONMENT = KEPT / "fhirstarter"
NAME = "fhirstarter 4.2.0"
_WANTED = (NAME.replace(" ", "=="), "uvicorn==0.54.0")
_APPLICATION = Path(__file__).with_name("fhirstarter_app.py")


@contextlib.contextmanager
def fhirstarter() -> Iterator[str]:
    """Its FHIR base URL, while it serves."""
    python = _ENVIRONMENT / "bin/python"
    if not (_ENVIRONMENT / "installed").exists():
        print(f"Installing {' and '.join(_WANTED)} into {_ENVIRONMENT}, once ...", file=sys.stderr)
        venv.create(_ENVIRONMENT, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *_WANTED], check=True, stdout=sys.stderr)
        (_ENVIRONMENT / "installed").touch()
    port = free_port()
    # The corpus is R4, whose models fhir.resources has not; R4B's are the nearest.
    environment = os.environ | {"FHIR_SEQUENCE": "R4B", "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen([python, _APPLICATION, str(port)], env=environment, stdout=subprocess.DEVNULL)
    try:
        base = f"http://127.0.0.1:{port}"
        wait_for(f"{base}/fhir/metadata", process)
        yield f"{base}/fhir"
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    with fhirstarter() as base, contextlib.suppress(KeyboardInterrupt):
        print(f"{base} answers until Ctrl-C")
        while True:
            input()


if __name__ == "__main__":
    main()
