"""The service over the committed content, with every type served and writing open, and the case files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.delivery.serve import load
from fhir_service.settings import Settings
from fhir_service.store import open_store

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def load_cases(file: Path) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


@contextmanager
def service(folder: Path) -> Iterator[FlaskClient]:
    settings = Settings(database_url=f"sqlite:///{folder / 'fhir.sqlite'}", writes="open", types="all")
    load(settings)
    store = open_store(settings.database_url)
    with create_app(settings, store).test_client() as client:
        yield client
    store.close()
