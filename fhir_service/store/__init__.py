"""The store: where resource versions and their index rows are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import URL, make_url

from fhir_service.store.database import Database
from fhir_service.store.postgres import PostgresDatabase
from fhir_service.store.relational import RelationalStore
from fhir_service.store.sqlite import SqliteDatabase

DATABASES: Mapping[str, Callable[[URL], Database]] = {
    "sqlite": SqliteDatabase,
    "postgresql": PostgresDatabase,
}


def open_store(database_url: str) -> RelationalStore:
    """Open the store at a SQLAlchemy URL; tables are made by `create_tables`, not here.

    Open it in the process that uses it: a connection must not cross a fork.
    """
    url = make_url(database_url)
    kind = url.get_backend_name()
    if kind not in DATABASES:
        raise ValueError(f"{kind} is not a database this service knows: use {' or '.join(DATABASES)}")
    return RelationalStore(DATABASES[kind](url))
