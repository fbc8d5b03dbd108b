"""The service as this folder has it, with everything that a page can be switched on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.checkout import PROJECT
from tests.serving import Service, serving

SETTINGS = {"FHIR_SERVICE_WORKERS": "1", "FHIR_SERVICE_DRAFT_LANGUAGES": "on"}


@contextmanager
def running_service(folder: Path) -> Iterator[Service]:
    """Started, with its database and its log in the folder named."""
    database = {"FHIR_SERVICE_DATABASE_URL": f"sqlite:///{folder / 'fhir.sqlite'}"}
    command = [sys.executable, "-m", "fhir_service", "serve"]
    with serving(command, PROJECT, folder / "log", {**os.environ, **SETTINGS, **database}) as started:
        yield started
