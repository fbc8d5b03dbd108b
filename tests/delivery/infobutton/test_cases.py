"""Requests and their answers, as data (`cases/*.yaml`): each by GET and by POST, in Atom and in JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.delivery.infobutton.answers import read

CASES: list[dict[str, Any]] = [
    case
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))
]
TYPE = "knowledgeResponseType"


def ask(client: FlaskClient, method: str, path: str, query: str, headers: dict[str, str]) -> TestResponse:
    if method == "GET":
        return client.get(f"{path}?{query}", headers=headers)
    return client.post(path, data=query, headers=headers, content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("form", ["text/xml", "application/json"])
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_request_is_answered(client: FlaskClient, case: dict[str, Any], method: str, form: str) -> None:
    asks = case["asks"]
    query = urlencode(asks if isinstance(asks, dict) else [tuple(pair) for pair in asks])
    fixed = case.get("type")
    if not fixed:
        query += "&" + urlencode({TYPE: form})
    path = f"/infobutton{case.get('path', '/service')}"
    response = ask(client, method, path, query, case.get("headers", {}))
    answer = read(response)

    assert response.status_code == case.get("status", 200), answer.text
    assert response.content_type == f"{fixed or form}; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert case.get("message", "") in answer.message
    assert case.get("subtitle", "") in answer.subtitle
    if "entries" in case:
        assert list(answer.titles[: len(case["entries"]) or None]) == case["entries"]
    if "opens" in case:
        assert answer.links[0] == f"http://localhost{case['opens']}"
    if "used" in case:
        assert [list(pair) for pair in answer.categories] == case["used"]
    said = answer.summaries[0] if answer.summaries else answer.text
    for words in case.get("says", []):
        assert words in said
    for words in case.get("never_says", []):
        assert words not in answer.text
