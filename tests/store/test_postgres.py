"""What PostgreSQL alone does."""

from collections.abc import Iterator

import pytest

from fhir_service.store import open_store
from fhir_service.store.contract import StoredVersion
from fhir_service.store.relational import RelationalStore
from tests.databases import new_postgres_database


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Iterator[RelationalStore]:
    opened = open_store(
        new_postgres_database(*map(request.getfixturevalue, ("postgres", "postgresql_template")))
    )
    yield opened
    opened.close()


def test_long_bodies_are_compressed_in_the_way_that_is_read_fast(store: RelationalStore) -> None:
    body = b'{"resourceType":"Library","description":"%s"}' % (b"How long it takes. " * 500)
    with store.write() as transaction:
        transaction.put("r4", StoredVersion("Library", "a", 1, 1, body), ())
    assert store.rows("SELECT pg_column_compression(body) FROM version") == [("lz4",)]
    found = store.read("r4", "Library", "a")
    assert found is not None
    assert found.body == body
