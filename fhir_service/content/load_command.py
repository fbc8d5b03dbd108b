"""`fhir-service load`: bring files of many resources into the store.

https://hl7.org/fhir/R4/nd-json.html and https://hl7.org/fhir/R4/packages.html
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from fhir_service.settings import Settings, SettingsError

if TYPE_CHECKING:
    from fhir_service.content.bulk import Report, Settled
    from fhir_service.content.sources import Source
    from fhir_service.store.relational import RelationalStore


_SMALL = 1_000_000


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option(
    "--release",
    type=click.Choice(["r4", "r4b", "r5"]),
    default="r4",
    show_default=True,
    help="The FHIR release of files that do not say it themselves.",
)
@click.option(
    "--packages",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Where the packages are that a package depends on.  [default: the folder of the package]",
)
@click.option(
    "--allow-missing", is_flag=True, help="Go on without packages that are depended on but not found."
)
@click.option(
    "--trusted",
    is_flag=True,
    help="Skip the validator, for a file that this build has validated: one of the same SHA-256 was loaded or"
    " checked before, without a rejection, as this database remembers. Any other file is refused.",
)
@click.option("--check", "only_check", is_flag=True, help="Only validate, and remember it for --trusted.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="cores",
    help="How many processes parse, validate and index; one more writes.",
)
@click.option(
    "--rejected",
    type=click.Path(path_type=Path),
    default=Path("rejected.ndjson"),
    show_default=True,
    help="Where resources that are not accepted are listed, with the reasons.",
)
def load(
    paths: tuple[str, ...],
    release: str,
    folder: Path | None,
    allow_missing: bool,
    trusted: bool,
    only_check: bool,
    processes: int,
    rejected: Path,
) -> None:
    """Load NDJSON files (also gzipped), FHIR packages (.tgz) or folders of JSON files into the store.

    Each file is streamed. Resources that are there already and unchanged get no new version. A load that was
    interrupted goes on where it stopped when it is started again. A package owns what it brings: a newer
    version of it replaces that, and clients cannot write over it. What a package depends on is loaded before
    it, from the folder that it is in. The index of an empty database is built at the end; until then nothing
    can be searched in it.

    \b
    fhir-service load patients.ndjson.gz --release r4
    fhir-service load hl7.terminology.r4-7.0.1.tgz
    fhir-service load hl7.fhir.us.core#6.1.0 --packages ~/packages
    """
    from fhir_service.content.dependencies import plan
    from fhir_service.content.load import LoadError
    from fhir_service.content.preparing import WorkersEnded
    from fhir_service.content.sources import SourceError
    from fhir_service.store import open_store
    from fhir_service.store.filling import LOCK
    from fhir_service.store.migration import MigrationError

    try:
        settings = Settings.from_environment(os.environ)
        store = open_store(settings.database_url)
        store.create_tables()
    except (SettingsError, MigrationError) as error:
        raise click.ClickException(str(error)) from None
    try:
        with store.database.exclusive(LOCK), store.database.checkpointing():
            planned = plan(paths, folder, partial(_is_loaded, store), allow_missing=allow_missing)
            for remark in planned.remarks:
                click.echo(remark, err=True)
            work = [
                (source, _settled(store, settings, source, release, trusted, processes))
                for source in planned.sources
            ]
            _load_all(store, work, rejected, only_check)
    except (SourceError, LoadError, WorkersEnded) as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()


def _settled(
    store: RelationalStore, settings: Settings, source: Source, release: str, trusted: bool, processes: int
) -> Settled:
    from fhir_service.content.bulk import Settled, is_validated
    from fhir_service.content.published import search_parameters
    from fhir_service.releases import RELEASES
    from fhir_service.releases.validator import ReleaseGate
    from fhir_service.served_types import served_types

    chosen = source.about.release if source.about else RELEASES[release]
    if trusted and not is_validated(store, source, chosen):
        raise click.ClickException(
            f"{source.path} (SHA-256 {source.digest}) cannot be trusted: this database does not know that"
            f" this build validated it as FHIR {chosen.label} without a rejection. Load it without --trusted,"
            " or run `fhir-service load --check` on it first: then it is known."
        )
    return Settled(
        release=chosen,
        parameters_by_release=search_parameters(),
        types=served_types(chosen, settings.types),
        gate=None if trusted else ReleaseGate(chosen.name),
        now=lambda: time.time_ns() // 1000,
        # To start workers takes as long as to do without them.
        processes=processes if source.size > _SMALL else 1,
    )


def _load_all(
    store: RelationalStore, work: list[tuple[Source, Settled]], rejected: Path, only_check: bool
) -> None:
    from fhir_service.content.bulk import bulk_load, check, load_package, progress_of

    interrupted = {
        source.path.name: progress.rejected
        for source, settled in work
        if not only_check and (progress := progress_of(store, source, settled.release))
    }
    with _rejects(rejected, interrupted) as file, _little_garbage():
        for source, settled in work:
            if only_check:
                _follow(source, check(store, source, settled, file), "accepted")
            elif source.about:
                build_index(store)
                _follow(source, load_package(store, source, settled, file))
            else:
                _follow(source, bulk_load(store, source, settled, file))
    build_index(store)


@contextmanager
def _little_garbage() -> Iterator[None]:
    """A batch has many objects and no circles: for garbage is looked once it is stored (`_follow`)."""
    gc.disable()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.enable()


def _is_loaded(store: RelationalStore, name: str, version: str) -> bool:
    """Whether this package is loaded, or is the one that the service is built with."""
    from fhir_service.content.package import npm_packages
    from fhir_service.content.published import RESOURCES

    rows = store.rows("SELECT 1 FROM load WHERE canonical = ? AND version = ?", name, version)
    return bool(rows) or any((one.name, one.version) == (name, version) for one in npm_packages(RESOURCES))


@contextmanager
def _rejects(path: Path, interrupted: Mapping[str, int]) -> Iterator[IO[str]]:
    """The file of rejected resources, which is not left behind when there are none.

    Of a source whose load goes on, so many lines of the last time are kept.
    """
    if interrupted and path.exists():
        kept = path.with_name(f"{path.name}.kept")
        with kept.open("w", encoding="utf-8") as file:
            file.writelines(_lines_of(path, interrupted))
        kept.replace(path)
    with path.open("a" if interrupted else "w", encoding="utf-8") as file:
        try:
            yield file
        finally:
            count = file.tell()
    if count:
        click.echo(f"Not everything was accepted: {path} has the reasons.", err=True)
    else:
        path.unlink()


def _lines_of(path: Path, sources: Mapping[str, int]) -> Iterator[str]:
    """The first lines of each source; what follows was written down, but its batch was not stored."""
    left = dict(sources)
    with path.open(encoding="utf-8") as file:
        for line in file:
            source = json.loads(line)["source"] if line.endswith("\n") else ""
            if left.get(source, 0) > 0:
                left[source] -= 1
                yield line


def complete(store: RelationalStore) -> None:
    """Build the index if a first load left the store without one; waits for a load that still runs."""
    from fhir_service.store.filling import LOCK, is_filling

    if is_filling(store):
        click.echo("The first load into this database is not finished: its index comes first.", err=True)
        with store.database.exclusive(LOCK), store.database.checkpointing():
            build_index(store)


def build_index(store: RelationalStore) -> None:
    """Sort into the index what a first load put aside; tells what it is at."""
    from fhir_service.store.filling import finish, is_filling

    if not is_filling(store):
        return
    with click.progressbar(length=1, label="Building the index", item_show_func=lambda kind: kind) as bar:
        for step in finish(store):
            bar.length = max(step.total, 1)
            bar.update(step.done - bar.pos, step.kind)


def _follow(source: Source, reports: Iterator[Report], unchanged: str = "unchanged") -> None:
    started = time.monotonic()
    with click.progressbar(length=source.size, label=source.path.name, item_show_func=_rate(started)) as bar:
        report: Report | None = None
        for report in reports:
            bar.update(report.read - bar.pos, report)
            gc.collect()
    if report is None:
        click.echo(f"{source.path}: no resources")
    else:
        click.echo(
            f"{source.path}: {report.created} created, {report.updated} updated,"
            f" {report.unchanged} {unchanged}, {report.deleted} deleted, {report.rejected} rejected"
        )


def _rate(started: float) -> Callable[[Report | None], str | None]:
    def show(report: Report | None) -> str | None:
        return f"{report.seen / (time.monotonic() - started):,.0f}/s" if report else None

    return show
