"""The application over a few resources, the same in every release."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings
from tests.memory_store import MemoryStore

# 2026-11-02T03:04:05.678901Z
UPDATED = 1_793_588_645_678_901
PAGE = b"<!doctype html><title>Education</title>"


def fill(store: MemoryStore, release: str) -> None:
    for number in range(1, 6):
        medication = {
            "resourceType": "Medication",
            "id": f"m{number}",
            "code": {"text": f"{release} {number}"},
        }
        store.put(release, medication, UPDATED)
    store.put(release, {"resourceType": "Medication", "id": "m1", "code": {"text": "second"}}, UPDATED)
    store.put(release, {"resourceType": "Medication", "id": "gone"}, UPDATED)
    store.delete(release, "Medication", "gone", UPDATED)
    store.put(
        release,
        {
            "resourceType": "Binary",
            "id": "page",
            "contentType": "text/html",
            "data": base64.b64encode(PAGE).decode(),
        },
        UPDATED,
    )


@pytest.fixture
def store() -> MemoryStore:
    filled = MemoryStore()
    for release in RELEASES:
        fill(filled, release)
    return filled


@pytest.fixture
def app(store: MemoryStore) -> Flask:
    return create_app(Settings(), store)


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.fixture(params=sorted(RELEASES))
def release(request: pytest.FixtureRequest) -> str:
    """Each release in turn."""
    name: str = request.param
    return name
