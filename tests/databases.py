"""Databases for tests: SQLite in a file, and PostgreSQL in a cluster of the test run's own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from uuid import uuid4

from tests.requirements import require

SERVER = "/usr/lib/postgresql/*/bin/postgres"


@dataclass(frozen=True)
class PostgresServer:
    """A server of the test run's own, which listens on a socket in its folder only."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url_template(self) -> str:
        """The URL with `{name}` for the database."""
        return f"postgresql://test@/{{name}}?host={self.folder}"

    @property
    def options(self) -> str:
        settings = {"listen_addresses": "", "unix_socket_directories": self.folder}
        settings |= {"fsync": "off", "max_connections": "60"}
        return " ".join(f"-c {name}='{value}'" for name, value in settings.items())

    def initialise(self) -> None:
        require(SERVER, install="apt install postgresql")
        give_to_postgres(self.folder)
        choices = ["-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C"]
        self.run("initdb", "-D", str(self.data), *choices)

    def start(self) -> None:
        self._control("-o", self.options, "-l", str(self.folder / "log"), "start")

    def stop(self) -> None:
        """At once, as if it had died."""
        self._control("-m", "immediate", "stop")

    def promote(self) -> None:
        self._control("promote")

    def run(self, program: str, *arguments: str) -> None:
        command = [*as_postgres(), str(binaries() / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/")

    def _control(self, *arguments: str) -> None:
        self.run("pg_ctl", "-D", str(self.data), "-w", *arguments)


def binaries() -> Path:
    return Path(sorted(glob(SERVER))[-1]).parent


def as_postgres() -> list[str]:
    """PostgreSQL refuses to run as root, so there it runs as the user that its package makes."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def give_to_postgres(folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        for parent in folder.parents:
            if parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)


@contextmanager
def postgres_cluster(folder: Path) -> Iterator[str]:
    """Start a server with its data in the folder; gives the URL without a database name."""
    server = PostgresServer(folder)
    server.initialise()
    server.start()
    try:
        yield server.url_template
    finally:
        server.stop()


def new_postgres_database(url_template: str, copied_from: str = "template1") -> str:
    """Make a database in the cluster, empty or a copy of one that nobody is connected to; gives its URL."""
    import psycopg

    name = f"test_{uuid4().hex}"
    with psycopg.connect(url_template.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{copied_from}"')
    return url_template.format(name=name)
