"""Nothing is wired to IVIG: a topic that is dropped in place is served, and one that is taken away is not."""

import shutil
from pathlib import Path

from click.testing import CliRunner
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.cli import main
from fhir_service.content.published import RESOURCES
from fhir_service.delivery.serve import load
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings

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
