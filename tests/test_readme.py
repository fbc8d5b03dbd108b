"""The requests of the README and of docs/, answered as shown; and every setting in the README's table."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.delivery.serve import load
from fhir_service.operations import OPERATIONS
from fhir_service.operations.declaration import EVERY_TYPE
from fhir_service.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = README + "".join(page.read_text() for page in sorted((ROOT / "docs").glob("*.md")))
EXAMPLES = re.findall(
    r"```sh\ncurl -s '(http://127\.0\.0\.1:8000)([^']+)'\n```\n```json\n(.*?)\n```", PAGES, re.DOTALL
)

MORE = "…"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    settings = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('readme') / 'store.sqlite'}")
    load(settings)
    return create_app(settings).test_client()


def test_every_request_is_shown_with_its_answer() -> None:
    assert len(EXAMPLES) == len(re.findall(r"```sh\ncurl -s '[^']+'\n```", PAGES)) >= 14


@pytest.mark.parametrize(("base", "path", "shown"), EXAMPLES, ids=[path for _, path, _ in EXAMPLES])
def test_a_request_is_answered_as_shown(client: FlaskClient, base: str, path: str, shown: str) -> None:
    answer = client.get(path, base_url=base)
    assert list(differences(read_shortened(shown), json.loads(answer.data), "answer")) == []


def test_what_differs_is_seen() -> None:
    assert list(differences(read_shortened('{"a": [1, …], …}'), {"a": [1, 2], "b": 3}, "")) == []
    for shown in ('{"a": [2, …], …}', '{"a": [1], …}', '{"a": [1, 2]}', '{"c": 1, …}'):
        assert list(differences(read_shortened(shown), {"a": [1, 2], "b": 3}, "")) != []


def test_every_setting_is_in_the_table() -> None:
    for known in fields(Settings):
        row = f"| `{known.metadata['name']}` | {known.metadata['shown']} | {known.metadata['help']} |"
        assert row in README, row


def test_every_operation_is_in_the_table_of_operations() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `$")]
    for operation in OPERATIONS:
        subjects = {"every type"} if operation.types == EVERY_TYPE else set(operation.types or ["the system"])
        named = [row for row in rows if f"`${operation.code}`" in row.split(" | ")[0]]
        told = {subject for row in named for subject in row.split(" | ")[1].split(", ")}
        assert subjects <= told, operation.code


def read_shortened(text: str) -> Any:
    """JSON in which a bare … stands for what was left out."""
    written, brackets = [], []
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|.', text, re.DOTALL):
        if token in "{[":
            brackets.append(token)
        elif token in "}]":
            brackets.pop()
        elif token == MORE:
            token = f'"{MORE}"' if brackets[-1] == "[" else f'"{MORE}": ""'
        written.append(token)
    return json.loads("".join(written))


def differences(shown: Any, real: Any, path: str) -> Iterator[str]:
    match shown, real:
        case dict(), dict():
            missing = set() if MORE in shown else real.keys() - shown.keys()
            yield from (f"{path}.{name} is not shown" for name in missing)
            for name in shown.keys() - {MORE}:
                if name in real:
                    yield from differences(shown[name], real[name], f"{path}.{name}")
                else:
                    yield f"{path}.{name} is not there"
        case list(), list():
            whole = shown[-1:] != [MORE]
            members = shown if whole else shown[:-1]
            if len(members) > len(real) or (whole and len(members) != len(real)):
                yield f"{path} has {len(real)} members"
            for position, (one, other) in enumerate(zip(members, real, strict=False)):
                yield from differences(one, other, f"{path}[{position}]")
        case str(), str() if shown.endswith(MORE):
            if not real.startswith(shown.removesuffix(MORE)):
                yield f"{path} is {real}"
        case _:
            if shown != real:
                yield f"{path} is {real}"
