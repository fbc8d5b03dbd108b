"""The two databases that are measured, and a PostgreSQL server of the benchmark's own.

https://www.postgresql.org/docs/current/runtime-config.html
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from tempfile import TemporaryDirectory

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
BOTH = (SQLITE, POSTGRESQL)

SERVER = "/usr/lib/postgresql/*/bin/postgres"
# Everything else as it is by default: every commit waits until it is on the disk.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "max_connections": "60",
}
_OWNER = "postgres"
_NAME = "corpus"


@contextlib.contextmanager
def postgresql(data: Path) -> Iterator[str]:
    """The URL of the database in a data directory, while a server runs on it; a missing one is made.

    It listens on a socket only, in a folder of its own: a path of a socket has at most 107 characters.
    """
    with TemporaryDirectory(prefix="bench-pg-") as folder:
        _give(Path(folder))
        is_new = not data.exists()
        if is_new:
            _give(data.parent, parents_only=True)
            data.mkdir(mode=0o700)
            _give(data)
            _run(
                "initdb",
                f"--pgdata={data}",
                "--username=bench",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
            )
        options = [f"-c {name}={value}" for name, value in SETTINGS.items()]
        options += ["-c listen_addresses=", f"-c unix_socket_directories={folder}"]
        control = ("pg_ctl", f"--pgdata={data}", f"--log={folder}/log", "--wait", "--timeout=600")
        _run(*control, f"--options={' '.join(options)}", "start")
        try:
            if is_new:
                _run("createdb", f"--host={folder}", "--username=bench", _NAME)
            yield f"postgresql://bench@/{_NAME}?host={folder}"
        finally:
            _run(*control, "--mode=fast", "stop")


@contextlib.contextmanager
def copied(url: str) -> Iterator[str]:
    """A copy of a database for as long as it is needed; nobody may be connected to the database."""
    import psycopg

    name = f"{_NAME}_copy"
    with psycopg.connect(url, autocommit=True, dbname="postgres") as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_NAME}")
        connection.execute("CHECKPOINT")
    try:
        yield url.replace(f"/{_NAME}?", f"/{name}?")
    finally:
        with psycopg.connect(url, autocommit=True, dbname="postgres") as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def version() -> str:
    found = subprocess.run([_binary("postgres"), "--version"], capture_output=True, text=True, check=True)
    return found.stdout.split()[2]


def _binary(name: str) -> str:
    servers = sorted(glob(SERVER))
    if not servers:
        raise RuntimeError(f"there is no {SERVER}: apt install postgresql")
    return str(Path(servers[-1]).with_name(name))


def _run(name: str, *arguments: str) -> None:
    # PostgreSQL refuses to run as root, so there it runs as the user that its package makes.
    user = ["runuser", "-u", _OWNER, "--"] if os.geteuid() == 0 else []
    # A server inherits what it writes to, so it is no pipe, whose end somebody would wait for.
    with TemporaryDirectory() as folder, Path(folder, "output").open("w+") as output:
        done = subprocess.run([*user, _binary(name), *arguments], stdout=output, stderr=output, cwd="/")
        if done.returncode:
            output.seek(0)
            print(output.read(), file=sys.stderr)
            raise RuntimeError(f"{name} ended with {done.returncode}")


def _give(folder: Path, *, parents_only: bool = False) -> None:
    """To the user that the server runs as."""
    if os.geteuid() != 0:
        return
    if not parents_only:
        shutil.chown(folder, _OWNER, _OWNER)
    for parent in (folder, *folder.parents) if parents_only else folder.parents:
        if not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
