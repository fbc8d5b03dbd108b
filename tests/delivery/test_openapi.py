"""openapi.yaml is what the service does: generated, committed, valid, and obeyed under generated requests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from click.testing import CliRunner
from flask import Flask
from openapi_spec_validator import validate
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from fhir_service import create_app
from fhir_service.delivery import openapi
from fhir_service.delivery.serve import load
from fhir_service.interactions import INTERACTIONS
from fhir_service.settings import Settings

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
# Every operation gets generated requests; these, one of each kind, also every boundary of every parameter.
ONE_OF_EACH_KIND = r"^/(livez|readyz|fhir/(metadata|\{type\}.*)|fhir/r4b/(metadata|Binary|\{type\}/.*))$"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(openapi.FILE.read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The service over the committed content."""
    database = tmp_path_factory.mktemp("openapi") / "fhir.sqlite"
    settings = Settings(database_url=f"sqlite:///{database}", writes="open")
    load(settings)
    yield create_app(settings)


def test_the_committed_file_is_what_the_registries_say() -> None:
    ran = CliRunner().invoke(openapi.openapi, ["--check"])
    assert ran.exit_code == 0, ran.output


def test_a_stale_file_is_named_with_the_command_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openapi, "FILE", tmp_path / "openapi.yaml")
    assert "make openapi" in CliRunner().invoke(openapi.openapi, ["--check"]).output
    assert CliRunner().invoke(openapi.openapi).exit_code == 0
    assert CliRunner().invoke(openapi.openapi, ["--check"]).exit_code == 0


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)


def test_every_route_of_every_release_is_described(document: dict[str, Any]) -> None:
    for base in ("/fhir", "/fhir/r4", "/fhir/r4b", "/fhir/r5"):
        for interaction in INTERACTIONS:
            for route in interaction.routes:
                example = route.path if route.path in _paths_of(document, base) else "ValueSet"
                path = f"{base}/{example}".rstrip("/") if route.path else base
                assert route.method.lower() in document["paths"][path]


def _paths_of(document: dict[str, Any], base: str) -> set[str]:
    return {path.removeprefix(f"{base}/") for path in document["paths"] if path.startswith(f"{base}/")}


def test_generated_requests_find_no_server_error_and_no_undeclared_answer(
    app: Flask, document: dict[str, Any]
) -> None:
    answered, failures = run_schemathesis(app, document, "fuzzing", ".*", max_examples=3)
    assert failures == []
    assert answered > 200


def test_boundary_values_find_no_server_error_and_no_undeclared_answer(
    app: Flask, document: dict[str, Any]
) -> None:
    answered, failures = run_schemathesis(app, document, "coverage", ONE_OF_EACH_KIND, max_examples=1)
    assert failures == []
    assert answered > 200


def run_schemathesis(
    app: Flask, document: dict[str, Any], phase: str, paths: str, *, max_examples: int
) -> tuple[int, list[str]]:
    """How many requests were answered, and what was wrong with the answers. The same requests every time."""
    phases = {name: {"enabled": name == phase} for name in ("examples", "coverage", "fuzzing", "stateful")}
    config = SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "headers": {"Accept-Encoding": "identity"},  # in process nothing decompresses
            "generation": {"max-examples": max_examples, "database": "none"},
            "phases": phases,
            "checks": {"enabled": False} | {name: {"enabled": True} for name in CHECKS},
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.app = app
    answered, failures = 0, []
    for event in from_schema(schema.include(path_regex=paths)).execute():
        if isinstance(event, (events.NonFatalError, events.FatalError)):
            failures.append(str(event))
        if isinstance(event, events.ScenarioFinished):
            for case, checks in event.recorder.checks.items():
                answered += case in event.recorder.interactions
                failures += [
                    f"{event.recorder.label}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
                    for check in checks
                    if check.failure_info is not None
                ]
    return answered, failures
