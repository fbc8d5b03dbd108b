"""A primary and its streaming replica, made by the scripts that deploy/ makes them with."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.checkout import PROJECT
from tests.databases import PostgresServer, as_postgres, binaries, give_to_postgres

SCRIPTS = PROJECT / "deploy" / "postgres"
PATIENCE = 60


@dataclass(frozen=True)
class Replication:
    primary: PostgresServer
    replica: PostgresServer

    @property
    def url(self) -> str:
        """Of whichever of the two takes writes."""
        hosts = f"host={self.primary.folder}&host={self.replica.folder}"
        return f"postgresql://fhir@/fhir?{hosts}&target_session_attrs=read-write"

    @property
    def read_url(self) -> str:
        return f"postgresql://fhir@/fhir?host={self.replica.folder}"

    def pause(self) -> None:
        """The replica goes on receiving and stops replaying."""
        ask(self.replica, "SELECT pg_wal_replay_pause()")
        wait_until(lambda: ask(self.replica, "SELECT pg_get_wal_replay_pause_state()") == "paused")

    def resume(self) -> None:
        ask(self.replica, "SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Until the replica has all that the primary has committed."""
        position = ask(self.primary, "SELECT pg_current_wal_flush_lsn()::text")
        wait_until(lambda: ask(self.replica, f"SELECT pg_last_wal_replay_lsn() >= '{position}'"))

    def cut(self, server: PostgresServer) -> None:
        """End the connections that the service has to it."""
        ask(server, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'fhir'")


def ask(server: PostgresServer, statement: str) -> Any:
    url = server.url_template.format(name="postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement).fetchone()
    return row[0] if row else None


@contextmanager
def replication(folder: Path) -> Iterator[Replication]:
    """Both servers, started; `fhir` is an empty database."""
    primary, replica = PostgresServer(folder / "one"), PostgresServer(folder / "two")
    for server in (primary, replica):
        server.folder.mkdir()
        give_to_postgres(server.folder)
    primary.initialise()
    primary.start()
    try:
        environment = {"PGUSER": "test", "SERVICE_PASSWORD": "a", "REPLICA_PASSWORD": "b"}
        _start("primary.sh", primary, primary, environment).wait()
        process = _start("replica.sh", replica, primary, {"PGUSER": "replica"})
        try:
            wait_until(lambda: _answers(replica))
            yield Replication(primary, replica)
        finally:
            replica.stop()
            process.wait()
    finally:
        if (primary.data / "postmaster.pid").exists():
            primary.stop()


def _start(
    script: str, server: PostgresServer, primary: PostgresServer, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Run a script of deploy/ for a server, as the user whose data it is, on Debian's PostgreSQL."""
    copy = server.folder / script
    shutil.copy(SCRIPTS / script, copy)
    copy.chmod(0o755)
    paths = {"PGHOST": primary.folder, "PGDATA": server.data, "PATH": f"{binaries()}:{os.environ['PATH']}"}
    with (server.folder / f"{script}.log").open("wb") as log:
        return subprocess.Popen(
            [*as_postgres(), str(copy), *shlex.split(server.options)],
            env={**os.environ, **environment, **{name: str(path) for name, path in paths.items()}},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _answers(server: PostgresServer) -> bool:
    try:
        psycopg.connect(server.url_template.format(name="postgres")).close()
    except psycopg.OperationalError:
        return False
    return True


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)
