"""`fhir-service serve`: load the content once, then answer until told to stop.

    parent    settings -> load the built content -> close the store -> listen -> start workers
    worker    open its own store -> answer

A store must not cross a fork, so the parent closes its own before the first worker starts.
"""

from __future__ import annotations

import gc
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fhir_service.delivery.counts import shared_file
from fhir_service.settings import Settings, SettingsError

if TYPE_CHECKING:
    from flask import Flask

    from fhir_service.delivery.server.worker import Served, Server

# SQLite keeps no thread waiting, and more of them only stand in each other's way: the slowest answers take
# longer. One that waits for PostgreSQL leaves its core to others.
_SLOTS = 2
_SLOTS_THAT_WAIT = 4


def _settings() -> str:
    """A paragraph for each setting."""
    every = [one.metadata for one in fields(Settings)]
    told = [f"{one['name']}  {one['help']}  [default: {one['shown']}]" for one in every]
    return "Settings, from the environment:\n\n" + "\n\n".join(told)


@click.command(epilog=_settings())
def serve() -> None:
    """Load the built content and serve it as FHIR at /fhir/r4, /fhir/r4b and /fhir/r5, until Ctrl-C.

    Settings come from the environment; the defaults suit a first look. README.md tells more of them.

    \b
    fhir-service serve
    PORT=8080 FHIR_SERVICE_TYPES=all FHIR_SERVICE_WRITES=open fhir-service serve
    """
    with starting():
        settings = checked_settings()
        address = find_address(settings)
        for remark in load(settings):
            click.echo(remark, err=True)
    run(settings, address)


@contextmanager
def starting() -> Iterator[None]:
    """What is made at the start stays: it is not looked through for garbage, neither now nor later.

    Now that would take an eighth of the start. Later it would hold up all requests of a worker for 60 ms,
    each time that what is kept had grown by a quarter.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def checked_settings() -> Settings:
    """The settings, if all that they name can be used."""
    from fhir_service.content.published import RESOURCES
    from fhir_service.security.configuration import check_security
    from fhir_service.site_codes import read_site_codes
    from fhir_service.topics import Topics

    try:
        settings = Settings.from_environment(os.environ)
        check_security(settings)
        read_site_codes(settings, Topics(RESOURCES).neutral())
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    return settings


def find_address(settings: Settings) -> str:
    """The numeric address to listen on; said here when it cannot be had, before anything is touched."""
    try:
        family, *_, target = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(target)
    except OSError as error:
        told = f"Cannot listen on HOST={settings.host} PORT={settings.port}: {error.strerror}."
        raise click.ClickException(told) from None
    return str(target[0])


def load(settings: Settings, resources: Path | None = None) -> list[str]:
    """Bring the store up to date with the built content; what people should know is returned."""
    from fhir_service.content.build import stale
    from fhir_service.content.load import LoadError, find_packages, load_packages
    from fhir_service.content.load_command import complete
    from fhir_service.content.published import RESOURCES, search_parameters
    from fhir_service.store import open_store
    from fhir_service.store.migration import MigrationError

    resources = resources or RESOURCES
    store = open_store(settings.database_url)
    try:
        store.create_tables()
        complete(store)
        packages = find_packages(resources, drafts=settings.serves_drafts)
        loaded = load_packages(store, packages, search_parameters(resources), now=_now)
    except LoadError as error:
        raise click.ClickException(f"The content cannot be loaded. {error}") from None
    except MigrationError as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()
    return [*stale(resources), *loaded.remarks]


def _now() -> int:
    return time.time_ns() // 1000


def run(settings: Settings, address: str) -> None:
    """Listen and answer until SIGINT or SIGTERM."""
    with shared_file() as counts:
        server(settings, address, partial(_served, settings, counts)).run()


def server(settings: Settings, address: str, load: Callable[[], Served]) -> Server:
    """The server, for whatever is then loaded in each of its workers."""
    from fhir_service.delivery.server.worker import Server

    return Server(
        load,
        address,
        settings.port,
        workers=settings.workers,
        slots=_SLOTS if settings.database_url.startswith("sqlite") else _SLOTS_THAT_WAIT,
        ready=partial(click.echo, greeting(settings)),
    )


def _served(settings: Settings, counts: int) -> Served:
    """What Flask itself would call, and the answers that need none."""
    app = worker_application(settings, counts)
    from fhir_service.delivery.cache import KEPT
    from fhir_service.delivery.cds_hooks import LARGEST_CALL
    from fhir_service.delivery.fhir.reading import LARGEST_BODY
    from fhir_service.delivery.server.worker import Served

    kept = app.extensions.get(KEPT, {})
    most_body = LARGEST_CALL if settings.writes == "off" else LARGEST_BODY
    return Served(application=app.wsgi_app, most_body=most_body, **kept)


def worker_application(settings: Settings, counts: int | None) -> Flask:
    """The application, made in the worker; `counts` is a descriptor of the file that all workers count in."""
    with starting():
        from fhir_service import create_app
        from fhir_service.delivery.metrics import open_counts

        return create_app(settings, counts=open_counts(counts))


def greeting(settings: Settings) -> str:
    """The one line that says where to look."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    root = settings.base_url or f"http://{host}:{settings.port}"
    fhir = f"{root}/fhir/r4, {root}/fhir/r4b and {root}/fhir/r5"
    return f"Serving pages at {root}/ and FHIR at {fhir} (Ctrl-C stops)"
