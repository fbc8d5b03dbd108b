"""What the benchmark needs from the machine: installed where apt can, otherwise said in one line.

https://packages.debian.org/stable/wrk, https://packages.debian.org/stable/nginx and
https://packages.debian.org/stable/postgresql
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from glob import glob

from bench.databases import SERVER

_PACKAGES = {"wrk": "wrk", "nginx": "nginx-light"}


def install(*, with_postgresql: bool) -> None:
    missing = [package for command, package in _PACKAGES.items() if shutil.which(command) is None]
    if with_postgresql and not glob(SERVER):
        missing.append("postgresql")
    if not missing:
        return
    command = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(f"The benchmark needs {' and '.join(missing)}: sudo {' '.join(command)}")
    print(f"Installing {' and '.join(missing)} ...", file=sys.stderr)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update", "--quiet"], command):
        if subprocess.run(step, env=environment, stdout=sys.stderr).returncode:
            sys.exit(f"apt could not install {' and '.join(missing)}; the benchmark needs them.")
