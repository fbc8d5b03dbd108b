"""The call of docs/cds-hooks.md and of the README is answered as shown there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fhir_service.settings import Settings
from tests.delivery.cds_hooks.conftest import Make
from tests.test_readme import differences, read_shortened

ROOT = Path(__file__).parents[3]
CALL = re.compile(
    r"```sh\ncurl -s -H 'Content-Type: application/json' '(http://127\.0\.0\.1:8000)(/cds-services[^']+)'"
    r" -d '\n"
    r"(.*?)'\n```\n```json\n(.*?)\n```",
    re.DOTALL,
)


@pytest.mark.parametrize("page", ["README.md", "docs/cds-hooks.md"])
def test_a_call_is_answered_as_shown(make: Make, page: str) -> None:
    (example,) = CALL.findall((ROOT / page).read_text(encoding="utf-8"))
    base, path, body, shown = example
    client = make(Settings(base_url=base))
    answer = client.post(path, data=body, content_type="application/json")
    assert list(differences(read_shortened(shown), answer.get_json(), "answer")) == []
