"""Nothing is wired to IVIG: a topic that is dropped in place is served, and one that is taken away is not."""

import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.cli import main
from fhir_service.content.published import RESOURCES
from fhir_service.context import Asked, Context
from fhir_service.delivery.serve import load
from fhir_service.finder import Finder
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings
from fhir_service.topics import Topics

TOPIC = Path(__file__).parent / "content" / "topics" / "hand-washing"


def served(settings: Settings, resources: Path) -> FlaskClient:
    assert load(settings, resources) == []
    return create_app(settings, resources=resources).test_client()


def build(resources: Path) -> None:
    built = CliRunner().invoke(main, ["topic", "build", "--resources", str(resources)])
    assert built.exit_code == 0, built.output


def test_a_topic_that_is_dropped_in_place_is_served(tmp_path: Path) -> None:
    resources = tmp_path / "resources"
    shutil.copytree(RESOURCES, resources)
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'store.sqlite'}")
    assert served(settings, resources).get("/fhir/r4/Library/hand-washing-library").status_code == 404

    shutil.copytree(TOPIC, resources / "topics" / "hand-washing")
    build(resources)
    client = served(settings, resources)
    for release in RELEASES:
        library = client.get(f"/fhir/{release}/Library/hand-washing-library")
        assert library.status_code == 200
        title = library.get_json(force=True)["title"]
        found = client.get(f"/fhir/{release}/Composition?title={title}", headers={"Accept": "*/*"})
        assert [entry["resource"]["id"] for entry in found.get_json(force=True)["entry"]] == [
            "hand-washing-education-en"
        ]
        assert client.get(f"/fhir/{release}/MedicationKnowledge/ivig").status_code == 200

    shutil.rmtree(resources / "topics" / "hand-washing")
    build(resources)
    gone = served(settings, resources).get("/fhir/r4/Library/hand-washing-library")
    assert gone.status_code == 410


def test_a_topic_that_is_retired_is_read_but_not_found_and_never_returns(tmp_path: Path) -> None:
    resources = tmp_path / "resources"
    shutil.copytree(RESOURCES, resources)
    shutil.copytree(TOPIC, resources / "topics" / "hand-washing")
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'store.sqlite'}")
    build(resources)
    served(settings, resources)
    assert slugs(resources) == ["hand-washing"]

    source = resources / "topics" / "hand-washing" / "topic.yaml"
    before = source.read_text(encoding="utf-8")
    told = "retired: {date: 2026-11-25, reason: A newer page is there., replaced_by: ivig-itp}\n"
    source.write_text(before + told, encoding="utf-8")
    build(resources)
    client = served(settings, resources)
    for release in RELEASES:
        library = client.get(f"/fhir/{release}/Library/hand-washing-library").get_json(force=True)
        assert library["status"] == "retired"
        assert library["relatedArtifact"][-1]["resource"].endswith("/Library/ivig-itp-library")
    assert slugs(resources) == []
    retired = Topics(resources).by_slug["hand-washing"].topic.retired
    assert retired is not None
    assert (retired.date, retired.replaced_by) == ("2026-11-25", "ivig-itp")

    source.write_text(before, encoding="utf-8")
    build(resources)
    with pytest.raises(click.ClickException, match="is retired and cannot become `draft`"):
        load(settings, resources)


def slugs(resources: Path) -> list[str]:
    found = Finder(Topics(resources).neutral()).find(Context(asked=(Asked(words=("hand washing",)),)))
    return [hit.slug for hit in found]
