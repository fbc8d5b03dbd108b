"""What openapi.yaml tells about tokens is what is answered."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_service.delivery import auth
from fhir_service.delivery.fhir import rendering
from fhir_service.delivery.openapi import FILE
from fhir_service.errors import Unavailable
from fhir_service.security.configuration import open_security
from fhir_service.settings import Settings
from tests.security.conftest import Clock, MemoryUses, Signing, form


class Down(MemoryUses):
    def seen(self, key: str, until: int) -> bool:
        raise Unavailable("The database does not answer.")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def client_of(settings: Settings, clock: Clock, uses: type[MemoryUses] = MemoryUses) -> FlaskClient:
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(auth.create_blueprint(settings, open_security(settings, uses, clock)))
    app.register_error_handler(Exception, rendering.render_failure)
    return app.test_client()


def check(document: dict[str, Any], path: str, method: str, answers: list[TestResponse]) -> None:
    """Each documented status is answered, no other is, and each body is of the documented shape."""
    told = document["paths"][path][method]["responses"]
    assert [str(answer.status_code) for answer in answers] == list(told)
    for answer in answers:
        schema = told[str(answer.status_code)]["content"][answer.mimetype]["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert answer.get_json().keys() >= set(schema["required"])


def test_the_token_endpoint_answers_what_is_told(
    document: dict[str, Any], settings: Settings, clock: Clock, loader: Signing
) -> None:
    client, url = client_of(settings, clock), auth.TOKEN_PATH
    answers = [
        client.post(url, data=form(loader.assertion())),
        client.post(url, data={"grant_type": "password"}),
        client.post(url, data=form(loader.assertion()), auth=("loader", "secret")),
        client_of(Settings(), clock).post(url),
        client.post(url, data={"grant_type": "x" * 1_000_000}),
        client_of(settings, clock, Down).post(url, data=form(loader.assertion())),
    ]
    check(document, url, "post", answers)


@pytest.mark.parametrize("path", auth.SMART_CONFIGURATION.paths)
def test_the_smart_configuration_answers_what_is_told(
    document: dict[str, Any], settings: Settings, clock: Clock, path: str
) -> None:
    answers = [client_of(settings, clock).get(path), client_of(Settings(), clock).get(path)]
    check(document, path, "get", answers)


def test_every_path_about_tokens_is_told(document: dict[str, Any], settings: Settings, clock: Clock) -> None:
    app = client_of(settings, clock).application
    routed = {rule.rule for rule in app.url_map.iter_rules()}
    assert routed == {
        path
        for path, item in document["paths"].items()
        if any(one["tags"] == ["auth"] for one in item.values())
    }
