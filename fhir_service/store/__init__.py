"""The store: where resource versions and their index rows are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import URL, make_url

from fhir_service.store.database import Database
from fhir_service.store.postgres import PostgresDatabase
from fhir_service.store.relational import RelationalStore
from fhir_service.store.replicas import ReplicatedStore
from fhir_service.store.sqlite import SqliteDatabase

DATABASES: Mapping[str, Callable[[URL], Database]] = {
    "sqlite": SqliteDatabase,
    "postgresql": PostgresDatabase,
}

# A server that is gone without a word is noticed in seconds, not in the minutes that TCP waits.
_IMPATIENT: Mapping[str, Any] = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
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


def open_replicated_store(database_url: str, read_urls: Sequence[str]) -> ReplicatedStore:
    """Open the store of a primary and its streaming replicas, for a process that answers requests.

    Of several hosts in the primary's URL the one that takes writes is meant. A replica is only ever read:
    what makes tables, loads or locks opens the primary alone, by `open_store`.
    """
    primary = PostgresDatabase(make_url(database_url), {**_IMPATIENT, "target_session_attrs": "read-write"})
    return ReplicatedStore(primary, [PostgresDatabase(make_url(url), _IMPATIENT) for url in read_urls])
