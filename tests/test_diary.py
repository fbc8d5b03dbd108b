"""The requests of docs/diary.md, answered as it says."""

import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.test_readme import client, differences, read_shortened

__all__ = ["client"]

TEXT = (Path(__file__).parents[1] / "docs" / "diary.md").read_text()
EXAMPLES = re.findall(
    r"```sh\ncurl -s (?:-H '([^']+): ([^']+)' )?'(http://127\.0\.0\.1:8000)([^']+)'(?: -d '\n(.*?)')?\n```\n"
    r"```json\n(.*?)\n```",
    TEXT,
    re.DOTALL,
)


def test_it_shows_requests() -> None:
    assert len(EXAMPLES) == TEXT.count("curl -s ") == 3


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_a_request_is_answered_as_shown(client: FlaskClient, number: int) -> None:
    header, content, base, path, body, shown = EXAMPLES[number]
    headers = {header: content} if header else {}
    answer = client.open(path, base_url=base, method="POST" if body else "GET", headers=headers, data=body)
    assert list(differences(read_shortened(shown), json.loads(answer.data), "answer")) == []
    assert answer.status_code == (422 if "OperationOutcome" in shown else 200)
