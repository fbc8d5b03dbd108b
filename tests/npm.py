"""What a test takes from npm: the packages of a folder's package-lock.json, installed once per lock."""

import fcntl
import hashlib
import subprocess
from pathlib import Path

from tests.requirements import require


def install(folder: Path) -> Path:
    """Fill the folder's node_modules and name it; a second process that asks meanwhile waits.

    Nothing that a package brings to run at its installation is run: what is locked is all that arrives.
    """
    require("node", "npm", install="apt install nodejs npm")
    modules = folder / "node_modules"
    # What is in node_modules was installed from a lock with this digest.
    installed = modules / "lock.sha256"
    digest = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    with (folder / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.is_file() or installed.read_text() != digest:
            command = ["npm", "ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=folder, check=True)
            installed.write_text(digest)
    return modules
