"""The pages over topics that a test chooses: the neutral files that a build writes, and no store."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fhir_service.content.build import TOPICS
from fhir_service.content.neutral import PUBLISHER_FILE, TOPIC_FILE, publisher_file, topic_file
from fhir_service.content.source import RESOURCES, Sources, load_sources
from fhir_service.content.topic import Review, Topic
from fhir_service.delivery import pages
from fhir_service.delivery.doors import Doors
from fhir_service.settings import Settings
from fhir_service.topics import Topics
from tests.content.conftest import TOPICS as INVENTED

REVIEW = Review(role="pediatric hematologist", date="2026-12-01", words_sha256="0" * 64)


@pytest.fixture(scope="session")
def all_sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """The repository's topics, and the invented one without product and side effects."""
    folder = tmp_path_factory.mktemp("sources") / "resources"
    shutil.copytree(RESOURCES, folder, ignore=shutil.ignore_patterns("fhir", "versions"))
    shutil.copytree(INVENTED / "hand-washing", folder / TOPICS / "hand-washing")
    return load_sources(folder)


@pytest.fixture(scope="session")
def ivig(all_sources: Sources) -> Topic:
    """In English alone."""
    topic = all_sources.topic("ivig-itp")
    return replace(topic, texts=(topic.text,))


@pytest.fixture(scope="session")
def translated(ivig: Topic) -> Topic:
    """With a reviewed translation, and one that nobody has reviewed."""
    spanish = replace(ivig.text, language="es", title="Tratamiento", is_draft=True)
    german = replace(ivig.text, language="de", title="Behandlung")
    return replace(ivig, texts=(ivig.text, german, spanish))


@pytest.fixture(scope="session")
def reviewed(ivig: Topic) -> Topic:
    return replace(ivig, clinical_review=REVIEW)


Serve = Callable[..., FlaskClient]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The resources folder that is served."""
    return tmp_path / "built"


@pytest.fixture
def serve(built: Path, all_sources: Sources) -> Serve:
    """A client of the pages over these topics."""

    def client(*topics: Topic, **settings: object) -> FlaskClient:
        files = {built / "common/fhir" / PUBLISHER_FILE: publisher_file(all_sources.publisher)}
        files |= {built / TOPICS / one.slug / "fhir" / TOPIC_FILE: topic_file(one) for one in topics}
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        app = Flask(__name__, static_folder=None)
        app.url_map.merge_slashes = False
        app.register_blueprint(pages.create_blueprint(Doors(Settings(**settings), Topics(built))))  # type: ignore[arg-type]
        return app.test_client()

    return client


@pytest.fixture
def client(serve: Serve, ivig: Topic, all_sources: Sources) -> FlaskClient:
    """Both topics, each in English alone."""
    return serve(ivig, all_sources.topic("hand-washing"))
