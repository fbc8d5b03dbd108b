"""The service over the committed topics; Infobutton needs nothing of the store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.settings import Settings
from tests.memory_store import MemoryStore


@pytest.fixture(scope="session")
def app() -> Flask:
    return create_app(Settings(), MemoryStore())


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client
