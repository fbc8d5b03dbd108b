"""The topics as the doors see them, and the header that names their content."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.content.published import RESOURCES
from fhir_service.delivery.serve import load
from fhir_service.releases import RELEASES
from fhir_service.settings import Settings
from fhir_service.topics import CONTENT_HEADER, Topics, content_header


@pytest.fixture(scope="module")
def topics() -> Topics:
    return Topics(RESOURCES)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """The service over the committed content."""
    settings = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('topics') / 'store.sqlite'}")
    load(settings)
    return create_app(settings).test_client()


def test_a_topic_is_what_the_build_wrote(topics: Topics) -> None:
    built = topics.by_slug["ivig-itp"]
    assert built.topic.text.section("side-effects-during")
    assert built.content_hash.startswith("ni:///sha-256;")


@pytest.mark.parametrize("release", sorted(RELEASES))
@pytest.mark.parametrize(
    ("type_name", "logical_id", "is_held"),
    [
        ("Library", "ivig-itp-library", True),
        ("MedicationKnowledge", "ivig", True),
        ("Medication", "ivig-itp-acetaminophen", True),
        ("Organization", "publisher", False),  # of all topics
        ("Medication", "ivig-itp-library", False),
        ("Medication", "ivig-of-a-client", False),
        ("Medication", "i", False),
    ],
)
def test_a_topic_holds_what_was_built_of_it(
    topics: Topics, release: str, type_name: str, logical_id: str, is_held: bool
) -> None:
    held = topics.holding(release, type_name, logical_id)
    assert (held is topics.by_slug["ivig-itp"]) is is_held
    assert is_held or held is None


def test_a_read_names_the_content_of_its_topic_as_the_library_does(
    client: FlaskClient, topics: Topics
) -> None:
    expected = content_header([topics.by_slug["ivig-itp"]])
    for release in RELEASES:
        library = client.get(f"/fhir/{release}/Library/ivig-itp-library")
        assert library.headers[CONTENT_HEADER] == expected
        assert f'"{library.get_json(force=True)["identifier"][0]["value"]}"' in expected
        assert client.get(f"/fhir/{release}/MedicationKnowledge/ivig").headers[CONTENT_HEADER] == expected
        assert CONTENT_HEADER not in client.get(f"/fhir/{release}/Organization/publisher").headers
        assert CONTENT_HEADER not in client.get(f"/fhir/{release}/Library/ivig-itp-none").headers
    assert client.get("/fhir/Library/ivig-itp-library").headers[CONTENT_HEADER] == expected


def test_a_search_names_the_topics_of_what_it_found(client: FlaskClient, topics: Topics) -> None:
    expected = content_header([topics.by_slug["ivig-itp"]])
    for release in RELEASES:
        found = client.get(f"/fhir/{release}/MedicationKnowledge?code=5666")
        assert found.headers[CONTENT_HEADER] == expected
        posted = client.post(f"/fhir/{release}/Medication/_search", data={"_count": "2"})
        assert posted.headers[CONTENT_HEADER] == expected
        assert CONTENT_HEADER not in client.get(f"/fhir/{release}/Organization").headers
        assert CONTENT_HEADER not in client.get(f"/fhir/{release}/Medication?code=none").headers
