"""Runs cases/errors.yaml: every failure is an OperationOutcome that names the offending thing."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "errors.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"].replace(" ", "-"))
def test_the_client_is_told(case: dict[str, Any], client: FlaskClient, release: str) -> None:
    told = {"base": f"/fhir/{release}", "many": "&".join(["_id=a"] * 501)}
    method, _, url = case["ask"].format(**told).partition(" ")
    answer = client.open(
        url,
        method=method,
        headers=case.get("headers"),
        data=case.get("body"),
        content_type=case.get("type"),
    )
    assert answer.status_code == case["status"], answer.text
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert answer.headers["Cache-Control"] == "no-store"
    for name, value in case.get("sets", {}).items():
        assert answer.headers[name] == value
    outcome = answer.json
    assert outcome is not None
    assert outcome["resourceType"] == "OperationOutcome"
    issue = outcome["issue"][0]
    assert issue["code"] == case["code"]
    for words in case.get("says", ()):
        assert any(word in issue["diagnostics"] for word in words.split("|")), issue["diagnostics"]
    if "names" in case:
        assert issue["expression"] == [case["names"]]
