"""A store on each database: a test that takes `store` runs on SQLite and on PostgreSQL."""

import shutil
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
    """The URL of a database of that kind with all tables and nothing in them: a copy of one made once."""
    template = request.getfixturevalue(f"{kind}_template")
    if kind == "sqlite":
        shutil.copy(template, folder / "store.db")
        return f"sqlite:///{folder / 'store.db'}"
    return new_postgres_database(request.getfixturevalue("postgres"), template)


def empty_database(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    """The URL of a database without any table."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'empty.db'}"
    return new_postgres_database(request.getfixturevalue("postgres"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    _create_tables(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgresql_template(postgres: str) -> str:
    """The name of the database that others are copied from."""
    url = new_postgres_database(postgres)
    _create_tables(url)
    return url.partition("@/")[2].partition("?")[0]


def _create_tables(url: str) -> None:
    store = open_store(url)
    store.create_tables()
    store.close()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, request.param, tmp_path)


@pytest.fixture
def store(database_url: str) -> Iterator[RelationalStore]:
    opened = open_store(database_url)
    opened.create_tables()
    yield opened
    opened.close()
