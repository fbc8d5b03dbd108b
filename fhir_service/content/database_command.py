"""`fhir-service db`: look after the database while the service answers.

Exit status: 0 good, 1 something is wrong with the database, 2 wrong use.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from fhir_service.settings import Settings, SettingsError

if TYPE_CHECKING:
    from fhir_service.store.parameters import StoredParameters
    from fhir_service.store.relational import RelationalStore


@click.group()
def db() -> None:
    """Look after the database that FHIR_SERVICE_DATABASE_URL names."""


@db.command()
def migrate() -> None:
    """Bring the database to this version's schema (`serve` does the same when it starts).

    An index that an interrupted first load left unbuilt is built as well.
    """
    from fhir_service.content.load_command import complete
    from fhir_service.store.migration import MigrationError, newest

    with _opened() as store:
        try:
            store.create_tables()
            complete(store)
        except MigrationError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"The database is at revision {newest()}.")


@db.command()
def reindex() -> None:
    """Index all resources anew, while the service goes on answering.

    Needed after a client wrote a SearchParameter: until then, searches that use it are refused.
    """
    from fhir_service.store.maintenance import reindex

    done = 0
    with _opened() as store:
        parameters = _parameters(store)
        started = time.monotonic()
        # The first batch tells how many resources there are.
        with click.progressbar(length=1, label="Indexing", item_show_func=lambda rate: rate) as bar:
            for done, bar.length in reindex(store, parameters):
                bar.update(done - bar.pos, f"{done / (time.monotonic() - started):,.0f}/s")
    click.echo(f"{done} resources indexed.")


@db.command()
@click.option("--all", "everything", is_flag=True, help="Every resource, not only 1,000 taken by chance.")
def check(everything: bool) -> None:
    """Compare the index of resources with what they hold; list what is wrong.

    Every resource's current version must be there. `db reindex` repairs an index that is wrong.
    """
    from fhir_service.store.maintenance import broken_versions, serials_to_check, wrong_rows

    with _opened() as store:
        parameters = _parameters(store)
        serials = serials_to_check(store, everything)
        problems = [*broken_versions(store), *wrong_rows(store, parameters, serials)]
    for problem in problems:
        click.echo(problem)
    click.echo(f"{len(serials)} resources checked, {len(problems)} problems.", err=True)
    if problems:
        raise SystemExit(1)


@contextmanager
def _opened() -> Iterator[RelationalStore]:
    from fhir_service.store import open_store

    try:
        store = open_store(Settings.from_environment(os.environ).database_url)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    try:
        yield store
    finally:
        store.close()


def _parameters(store: RelationalStore) -> StoredParameters:
    """The search parameters of a database that has this version's schema."""
    from fhir_service.content.published import search_parameters
    from fhir_service.store.filling import is_filling
    from fhir_service.store.migration import current, newest

    found = current(store.database)
    if found != newest():
        told = f"at revision {found}" if found else "empty"
        raise click.ClickException(
            f"The database is {told}, this version works with {newest()}: `fhir-service db migrate` brings it"
            " there, or start the version of the service that made it."
        )
    if is_filling(store):
        raise click.ClickException(
            "The first load into this database is not finished: start it again, or `fhir-service db migrate`"
            " builds the index of what was loaded."
        )
    return store.search_parameters(search_parameters())
