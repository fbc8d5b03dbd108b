"""Runs a scenario of cases/*.yaml: requests one after the other, each with what it must answer.

- name: what comes of it
  spec: where the specification says so
  steps:
    - GET: Patient/$id           # `$id` was kept by an earlier step
      status: 200
      headers: {ETag: 'W/"1"'}   # `~` starts a regular expression, null means absent
      json: {entry.0.resource.gender: male, entry.length: 1}
      keep: {id: entry.0.resource.id}
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_service.releases import RELEASES, Release
from fhir_service.releases.validator import validator

CASES = Path(__file__).parent / "cases"
NAMES = tuple(sorted(file.stem for file in CASES.glob("*.yaml")))
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_TYPES = {"json-patch": "application/json-patch+json", "fhir": "application/fhir+json"}


def load(name: str) -> list[Any]:
    content: list[Any] = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return content


Watch = Callable[[str, TestResponse], None]
"""What is told of each answer, and which it was."""


def run(
    scenario: dict[str, Any], client: FlaskClient, base: str, watch: Watch = lambda where, answer: None
) -> None:
    kept: dict[str, str] = {}
    for number, step in enumerate(scenario["steps"]):
        method = next(name for name in _METHODS if name in step)
        where = f"{base}, step {number}: {method} {step[method]}"
        answer = _ask(method, _filled(step, kept), client, base)
        watch(where, answer)
        _check(_filled(step, kept), answer, where)
        _check_valid(answer, RELEASES[base.rpartition("/")[2]], where)
        for name, path in step.get("keep", {}).items():
            kept[name] = found_at(_parsed(answer), path)


def _ask(method: str, step: dict[str, Any], client: FlaskClient, base: str) -> TestResponse:
    headers = dict(step.get("sends", {}))
    data = None
    if "body" in step:
        headers.setdefault("Content-Type", _TYPES[step.get("as", "fhir")])
        data = json.dumps(step["body"]).replace("$base", f"http://localhost{base}")
    elif "text" in step:
        data = step["text"]
    path = step[method]
    url = path if path.startswith("http://") else f"{base}/{path}" if path else base
    return client.open(url, method=method, headers=headers, data=data)


def _check(step: dict[str, Any], answer: TestResponse, where: str) -> None:
    assert answer.status_code == step.get("status", 200), f"{where}: {answer.status}\n{answer.text}"
    for name, expected in step.get("headers", {}).items():
        assert fits(answer.headers.get(name), expected), f"{where}: {name}: {answer.headers.get(name)}"
    if "empty" in step:
        assert answer.data == b"", where
    if "content" in step:
        assert answer.text == step["content"], where
    for path, expected in step.get("json", {}).items():
        found = found_at(_parsed(answer), path)
        assert fits(found, expected), f"{where}: {path} is {found!r}, not {expected!r}\n{answer.text}"


def _check_valid(answer: TestResponse, release: Release, where: str) -> None:
    """Whatever is answered as FHIR passes the gate that guards what is written."""
    if answer.data and answer.headers["Content-Type"].startswith("application/fhir+json"):
        assert validator(release).validate(_parsed(answer)) == [], f"{where}\n{answer.text}"


def _parsed(answer: TestResponse) -> Any:
    return json.loads(answer.data, parse_float=Decimal)


def fits(found: Any, expected: Any) -> bool:
    if isinstance(expected, str) and expected.startswith("~"):
        return isinstance(found, str) and re.search(expected[1:], found) is not None
    return bool(found == expected) and type(found) is type(expected)


def found_at(value: Any, path: str) -> Any:
    """What stands at a path of names and numbers; `length` is how long a list is, None what is not there."""
    for part in path.split("."):
        if part == "length":
            value = len(value or ())
        elif isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = (value or {}).get(part)
    return value


def _filled(value: Any, kept: dict[str, str]) -> Any:
    """The step with `$name` replaced by what was kept under that name."""
    if isinstance(value, dict):
        return {name: _filled(child, kept) for name, child in value.items()}
    if isinstance(value, list):
        return [_filled(child, kept) for child in value]
    if isinstance(value, str):
        for name, text in kept.items():
            value = value.replace(f"${name}", text)
    return value
