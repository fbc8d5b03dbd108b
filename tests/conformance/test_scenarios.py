"""Every body that the scenarios are answered with is valid FHIR.

The scenarios of tests/interactions/cases and tests/operations/cases write, patch, search, transact and call
operations, and fail at it, in every release.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_service import create_app
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings
from fhir_service.store import open_store
from tests.conformance.official_validator import Finding, Job, OfficialValidator, Resource
from tests.conformance.reports import errors
from tests.interactions import scenarios
from tests.operations import committed

pytestmark = pytest.mark.xdist_group("official-validator")

# Errors about what the scenarios themselves send, or about an invariant that nobody can keep.
NOT_OURS = {
    "Reference_REF_CantResolve": "what a client refers to need not exist",
    "Extension_EXT_Unknown_NotHere": "a client's extension need not be defined",
    "http://hl7.org/fhir/StructureDefinition/Bundle#bdl-14": "of no entry it is neither true nor false",
}


class Recorder(dict[str, Job]):
    """The answers in FHIR JSON, each under the request that it answers."""

    def watch(self, scenario: str, release: str) -> scenarios.Watch:
        def keep(where: str, answer: TestResponse) -> None:
            if answer.data and answer.headers.get("Content-Type", "").startswith("application/fhir+json"):
                name = f"{scenario}: {where}"
                self[name] = Job(release, name, json.loads(answer.data))

        return keep


@contextmanager
def empty_service(template: Path, folder: Path) -> Iterator[FlaskClient]:
    shutil.copy(template, folder / "store.db")
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    with create_app(Settings(writes="open", types="all"), store).test_client() as client:
        yield client
    store.close()


def our_errors(official_validator: OfficialValidator, answers: Recorder) -> str:
    findings = official_validator.validate_all(answers.values())
    return errors(finding for finding in findings if not is_foreign(finding, answers[finding.name].resource))


def is_foreign(finding: Finding, resource: Resource) -> bool:
    if finding.message_id == "BUNDLE_SEARCH_ENTRY_WRONG_RESOURCE_TYPE_MODE":
        # "The container resources may be of a different type than the search context's resource."
        return any("_contained=" in link["url"] for link in resource["link"])
    if finding.message_id.endswith("#bdl-14"):
        return "entry" not in resource
    return finding.message_id in NOT_OURS


@pytest.mark.parametrize("file", scenarios.NAMES)
def test_no_answer_to_an_interaction_has_an_error(
    file: str, sqlite_template: Path, tmp_path: Path, official_validator: OfficialValidator
) -> None:
    answers = Recorder()
    for scenario in scenarios.load(file):
        with empty_service(sqlite_template, tmp_path) as client:
            for release in RELEASES:
                watch = answers.watch(scenario["name"], release)
                scenarios.run(scenario, client, f"/fhir/{release}", watch)
    assert len(answers) > 3
    assert our_errors(official_validator, answers) == ""


@pytest.mark.parametrize("file", committed.CASES, ids=lambda file: file.stem)
def test_no_answer_to_an_operation_has_an_error(
    file: Path, tmp_path: Path, official_validator: OfficialValidator
) -> None:
    answers = Recorder()
    with committed.service(tmp_path) as client:
        for scenario in committed.load_cases(file):
            for release in scenario.get("releases", RELEASES):
                watch = answers.watch(scenario["name"], release)
                scenarios.run(scenario, client, f"/fhir/{release}", watch)
    assert answers
    assert our_errors(official_validator, answers) == ""
