"""A translation that nobody has reviewed is served where the operator says so, and gone again after that."""

from pathlib import Path

from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.delivery.serve import load
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings

TYPES = ("Composition", "DocumentReference", "Binary")


def started(tmp_path: Path, draft_languages: str) -> FlaskClient:
    """The service after one start with this setting, over one and the same store."""
    settings = Settings.from_environment(
        {
            "FHIR_SERVICE_DATABASE_URL": f"sqlite:///{tmp_path / 'store.sqlite'}",
            "FHIR_SERVICE_DRAFT_LANGUAGES": draft_languages,
        }
    )
    assert load(settings) == []
    return create_app(settings).test_client()


def statuses(client: FlaskClient, release: str) -> set[int]:
    paths = [f"/fhir/{release}/{name}/ivig-itp-education-es" for name in TYPES]
    return {client.get(path).status_code for path in paths}


def is_named(client: FlaskClient) -> bool:
    """Whether a search finds the draft, or the topic's index names it."""
    paths = [f"/fhir/{release}/{name}" for release in RELEASES for name in (*TYPES[:2], "Library")]
    said = [client.get(path, headers={"Accept": "*/*"}) for path in paths]
    assert {answer.status_code for answer in said} == {200}
    return any("education-es" in answer.get_data(as_text=True) for answer in said)


def test_a_draft_comes_and_goes_with_the_setting(tmp_path: Path) -> None:
    before = started(tmp_path, "off")
    assert {status for release in RELEASES for status in statuses(before, release)} == {404}
    assert not is_named(before)
    on = started(tmp_path, "on")
    assert {status for release in RELEASES for status in statuses(on, release)} == {200}
    assert is_named(on)
    page = on.get("/fhir/r4/Binary/ivig-itp-education-es", headers={"Accept": "text/html"})
    assert page.get_data(as_text=True).startswith('<!DOCTYPE html>\n<html lang="es">')
    assert (
        page.headers["Topic-Content"] == on.get("/fhir/r4/MedicationKnowledge/ivig").headers["Topic-Content"]
    )
    assert on.get("/fhir/r5/Binary/ivig-itp-education-en").status_code == 200
    off = started(tmp_path, "")
    assert {status for release in RELEASES for status in statuses(off, release)} == {410}
    assert not is_named(off)
