"""The door by itself, at a fixed day; whatever it answers is held against the published rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_service.content.published import RESOURCES
from fhir_service.delivery import cds_hooks
from fhir_service.delivery.doors import Doors
from fhir_service.settings import Settings
from fhir_service.topics import Topics
from tests.delivery.cds_hooks.calls import TODAY
from tests.delivery.cds_hooks.rules import broken_rules

Make = Callable[..., FlaskClient]


class RuledClient(FlaskClient):
    """A client that accepts no answer but by the rules."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        assert_by_the_rules(answer)
        return answer


def assert_by_the_rules(answer: TestResponse) -> None:
    if answer.request.method in ("HEAD", "OPTIONS") or answer.status_code == 304:
        return
    assert answer.status_code < 500
    assert answer.content_type == "application/json; charset=utf-8"
    body = answer.get_json()
    if answer.status_code != 200:
        assert body["resourceType"] == "OperationOutcome"
        assert answer.headers["Cache-Control"] == "no-store"
    elif answer.request.path == "/cds-services":
        assert broken_rules(body, "discovery") == []
    elif answer.request.path.endswith("/feedback"):
        assert body == {}
    else:
        assert broken_rules(body, "response") == []
        assert answer.headers["Cache-Control"] == "no-store"
        assert bool(body["cards"]) == ("Topic-Content" in answer.headers)


@pytest.fixture(scope="session")
def topics() -> Topics:
    return Topics(RESOURCES)


@pytest.fixture(scope="session")
def make(topics: Topics) -> Make:
    """A client of the door with these settings; the same one for the same settings."""

    @cache
    def made(settings: Settings | None = None, topics: Topics = topics, **members: Any) -> FlaskClient:
        app = Flask(__name__)
        doors = Doors(settings or Settings(), topics, today=lambda: TODAY, **members)
        app.register_blueprint(cds_hooks.create_blueprint(doors))
        app.test_client_class = RuledClient
        return app.test_client()

    return made


@pytest.fixture(scope="session")
def door(make: Make) -> Iterator[FlaskClient]:
    """With the settings as they are when nobody sets them."""
    yield make()


@pytest.fixture(scope="session")
def suggesting(make: Make) -> Iterator[FlaskClient]:
    """Of a site that has decided to have suggestions."""
    yield make(Settings(cds_suggestions="on"))
