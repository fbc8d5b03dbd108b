"""`fhir-service load`: bring files of many resources into the store.

https://hl7.org/fhir/R4/nd-json.html and https://hl7.org/fhir/R4/packages.html
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from fhir_service.settings import Settings, SettingsError

if TYPE_CHECKING:
    from fhir_service.content.bulk import Report, Settled
    from fhir_service.content.sources import Source
    from fhir_service.store.relational import RelationalStore


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--release",
    type=click.Choice(["r4", "r4b", "r5"]),
    default="r4",
    show_default=True,
    help="The FHIR release of files that do not say it themselves.",
)
@click.option("--trusted", is_flag=True, help="Skip the validator: for a source that was validated before.")
@click.option(
    "--rejected",
    type=click.Path(path_type=Path),
    default=Path("rejected.ndjson"),
    show_default=True,
    help="Where resources that are not accepted are listed, with the reasons.",
)
def load(paths: tuple[Path, ...], release: str, trusted: bool, rejected: Path) -> None:
    """Load NDJSON files (also gzipped), FHIR packages (.tgz) or folders of JSON files into the store.

    Each file is streamed. Resources that are there already and unchanged get no new version. A load that was
    interrupted goes on where it stopped when it is started again. A package owns what it brings: a newer
    version of it replaces that, and clients cannot write over it.

    \b
    fhir-service load patients.ndjson.gz --release r4
    fhir-service load hl7.terminology.r4-7.0.1.tgz
    """
    from fhir_service.content.sources import SourceError, open_source
    from fhir_service.store import open_store
    from fhir_service.store.migration import MigrationError

    try:
        settings = Settings.from_environment(os.environ)
        sources = [open_source(path) for path in paths]
        store = open_store(settings.database_url)
        store.create_tables()
    except (SettingsError, SourceError, MigrationError) as error:
        raise click.ClickException(str(error)) from None
    try:
        with _rejects(rejected) as file:
            for source in sources:
                _load(store, source, _settled(store, settings, source, release, trusted), file)
    finally:
        store.close()


@contextmanager
def _rejects(path: Path) -> Iterator[IO[str]]:
    """The file of rejected resources, which is not left behind when there are none."""
    with path.open("w", encoding="utf-8") as file:
        yield file
        count = file.tell()
    if count:
        click.echo(f"Not everything was accepted: {path} has the reasons.", err=True)
    else:
        path.unlink()


def _settled(
    store: RelationalStore, settings: Settings, source: Source, release: str, trusted: bool
) -> Settled:
    from fhir_service.content.bulk import Settled
    from fhir_service.content.published import search_parameters
    from fhir_service.releases import RELEASES
    from fhir_service.releases.validator import validator
    from fhir_service.served_types import served_types

    chosen = source.about.release if source.about else RELEASES[release]
    return Settled(
        release=chosen,
        parameters_by_release=store.search_parameters(search_parameters()),
        types=served_types(chosen, settings.types),
        gate=None if trusted else validator(chosen).validate,
        now=lambda: time.time_ns() // 1000,
    )


def _load(store: RelationalStore, source: Source, settled: Settled, rejects: IO[str]) -> None:
    from fhir_service.content.bulk import bulk_load, load_package

    started = time.monotonic()
    reports = load_package if source.about else bulk_load
    with click.progressbar(length=source.size, label=source.path.name, item_show_func=_rate(started)) as bar:
        report: Report | None = None
        for report in reports(store, source, settled, rejects):
            bar.update(report.read - bar.pos, report)
    if report is None:
        click.echo(f"{source.path}: no resources")
    else:
        click.echo(
            f"{source.path}: {report.created} created, {report.updated} updated,"
            f" {report.unchanged} unchanged, {report.deleted} deleted, {report.rejected} rejected"
        )


def _rate(started: float) -> Callable[[Report | None], str | None]:
    def show(report: Report | None) -> str | None:
        return f"{report.seen / (time.monotonic() - started):,.0f}/s" if report else None

    return show
