"""`fhir-service serve`: load the content once, then answer until told to stop.

    parent    settings -> load the built content -> close the store -> listen -> start workers
    worker    open its own store -> answer

A store must not cross a fork, so the parent closes its own before the first worker starts.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import time
from collections.abc import Iterator
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
    from granian.server import MPServer, MTServer

    from fhir_service.delivery.wsgi import Application

# SQLite keeps no thread waiting, and more of them only stand in each other's way: the slowest answers take
# longer. One that waits for PostgreSQL leaves its core to others. Requests queue in Granian.
_THREADS = 2
_THREADS_THAT_WAIT = 4
# A worker that does not stop when asked is killed, so that Ctrl-C always ends the service.
_PATIENCE = 10


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
    server = granian(settings, address)
    server.on_startup(partial(click.echo, greeting(settings)))
    with shared_file() as counts:
        server.serve(target_loader=partial(_served, settings, counts), wrap_loader=False)


def _served(settings: Settings, counts: Path) -> Application:
    """What Flask itself would call, behind the bridge, with nothing between that and the response cache."""
    app = worker_application(settings, counts)
    from fhir_service.delivery.bridge import bridged
    from fhir_service.delivery.cache import KEPT

    given = app.extensions.get(KEPT)
    return bridged(app.wsgi_app, *given) if given else app.wsgi_app


def granian(settings: Settings, address: str) -> MPServer | MTServer:
    """The server, for whatever application it is then given."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels

    return Granian(
        "fhir_service",  # only its name: `target_loader` makes the application
        address=address,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=_THREADS if settings.database_url.startswith("sqlite") else _THREADS_THAT_WAIT,
        respawn_failed_workers=True,
        workers_kill_timeout=_PATIENCE,
        http=HTTPModes.http1,  # to look at each connection for HTTP/2 costs, and without TLS nobody speaks it
        websockets=False,
        log_level=LogLevels.warning,
    )


def worker_application(settings: Settings, counts: Path | None) -> Flask:
    """The application, made in the worker; `counts` is the file that all workers count in."""
    # Until the server's own handlers are in place, a fork still has the parent's, which would swallow a stop.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which stops its workers
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
