"""Databases for tests: SQLite in a file, and PostgreSQL in a cluster of the test run's own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from uuid import uuid4

from tests.requirements import require

SERVER = "/usr/lib/postgresql/*/bin/postgres"


@contextmanager
def postgres_cluster(folder: Path) -> Iterator[str]:
    """Start a server that listens on a socket in `folder` only; gives the URL without a database name."""
    require(SERVER, install="apt install postgresql")
    binaries = Path(sorted(glob(SERVER))[-1]).parent
    data = folder / "data"
    # PostgreSQL refuses to run as root, so there it runs as the user that its package makes.
    is_root = os.geteuid() == 0
    user = ["runuser", "-u", "postgres", "--"] if is_root else []
    if is_root:
        shutil.chown(folder, "postgres")
        for parent in folder.parents:
            if parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    options = (
        f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=60"
    )
    run = [
        *user,
        f"{binaries}/initdb",
        "-D",
        str(data),
        "-U",
        "test",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
    ]
    subprocess.run(run, check=True, capture_output=True, cwd="/")
    control = [*user, f"{binaries}/pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log")]
    subprocess.run([*control, "-o", options, "start"], check=True, capture_output=True, cwd="/")
    try:
        yield f"postgresql://test@/{{name}}?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd="/")


def new_postgres_database(url_template: str, copied_from: str = "template1") -> str:
    """Make a database in the cluster, empty or a copy of one that nobody is connected to; gives its URL."""
    import psycopg

    name = f"test_{uuid4().hex}"
    with psycopg.connect(url_template.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{copied_from}"')
    return url_template.format(name=name)
