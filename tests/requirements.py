"""What a test needs from the machine: where it is absent, skip with one line that says what to install.

Under `REQUIRE_ALL=1`, as `.ci/run` sets it, conftest.py turns every skip into a failure.
"""

import shutil
from glob import glob

import pytest


def require(*commands: str, install: str) -> None:
    """Skip unless every command is there: a name on the PATH, or a path that may hold wildcards.

    >>> require("java", "mvn", install="apt install default-jdk-headless maven")
    """
    missing = [command for command in commands if not is_present(command)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: {install}")


def is_present(command: str) -> bool:
    return bool(glob(command)) if "/" in command else shutil.which(command) is not None
