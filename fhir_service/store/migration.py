"""Bringing a database to the schema that this version of the service works with, by Alembic.

https://alembic.sqlalchemy.org/en/latest/cookbook.html#programmatic-api-use-connection-sharing-with-alembic

Each change of `schema.py` is one file in `migrations/versions/`, named by number. A database that is up to
date is recognised by one SELECT, so that starting does not wait for Alembic to be imported.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sqlalchemy import inspect, text

from fhir_service.store.database import FILLING, Database

MIGRATIONS = Path(__file__).parent / "migrations"


class MigrationError(Exception):
    """The database cannot be brought to this schema; the message says what to do."""


def newest() -> str:
    """The revision that `schema.py` is at."""
    return revisions()[-1]


def revisions() -> list[str]:
    """All revisions, oldest first."""
    return sorted(file.stem.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def current(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def migrate(database: Database) -> bool:
    """Apply what is missing, under a lock, all or nothing; says whether anything was.

    Raises MigrationError when the database is of a newer version of the service, or is no database of it.
    """
    found = current(database)
    if found == newest():
        return False
    with database.exclusive("migration"):
        found = current(database)
        if found is not None and found not in revisions():
            raise MigrationError(
                f"The database is at revision {found}, made by a newer version of the service; this one knows"
                f" revisions up to {newest()}. Start the newer version, or give another database."
            )
        if found is None and _has_tables(database):
            raise MigrationError(
                "The database has tables, but not of this service: give an empty one in"
                " FHIR_SERVICE_DATABASE_URL."
            )
        if found is not None and _is_filling(database):
            raise MigrationError(
                "The first load into this database is not finished: `fhir-service db migrate` of the version"
                " that began it builds the index. This version takes over then."
            )
        if found != newest():
            _upgrade(database)
        if found is not None:  # what was there may have been written anew
            with closing(database.connect()) as connection:
                database.tidy(connection)
    return True


def _is_filling(database: Database) -> bool:
    with database.engine.connect() as connection:
        return bool(
            connection.execute(text("SELECT 1 FROM property WHERE name = :name"), {"name": FILLING}).all()
        )


def _has_tables(database: Database) -> bool:
    with database.engine.connect() as connection:
        return bool(inspect(connection).get_table_names())


def _upgrade(database: Database) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with database.engine.begin() as connection:
        # One transaction for all: SQLite too can take back a change of its schema, once told to begin.
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
