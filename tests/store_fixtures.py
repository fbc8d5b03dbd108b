"""A store on each database: a test that takes `store` runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fhir_service.store import DATABASES, open_store
from fhir_service.store.relational import RelationalStore
from tests.databases import new_postgres_database, postgres_cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    # Not below pytest's own folder: another run on the machine clears that away.
    with TemporaryDirectory(prefix="pg") as folder, postgres_cluster(Path(folder)) as url_template:
        yield url_template


def new_database(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """The URL of an empty database of that kind."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'store.db'}"
    return new_postgres_database(request.getfixturevalue("postgres"))


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, request.param, tmp_path)


@pytest.fixture
def store(database_url: str) -> Iterator[RelationalStore]:
    opened = open_store(database_url)
    opened.create_tables()
    yield opened
    opened.close()
