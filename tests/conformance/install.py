#!/usr/bin/env python3
"""Install the official HL7 validator for the tests: jars and classes into validator/target, once per version.

Needs Maven and a JDK, and the network the first time; after that the validator runs offline.
"""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parent / "validator"
TARGET = PROJECT / "target"
# What is in target was made from sources with this digest: go by what they say, not by file times.
INSTALLED = TARGET / "sources.sha256"
# -C: an artifact whose checksum is wrong stops the installation.
MAVEN = ["mvn", "--quiet", "--batch-mode", "-C", "--file", str(PROJECT / "pom.xml")]
CLASSPATH = f"{TARGET / 'classes'}:{TARGET / 'lib'}/*"


class Unavailable(Exception):
    """Maven could not get the jars."""


def install() -> None:
    """Fetch and compile unless that is done already; a second process that asks meanwhile waits."""
    TARGET.mkdir(exist_ok=True)
    with (TARGET / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_installed():
            fetch_and_compile()
            INSTALLED.write_text(digest_of_sources())


def is_installed() -> bool:
    return INSTALLED.is_file() and INSTALLED.read_text() == digest_of_sources()


def fetch_and_compile() -> None:
    INSTALLED.unlink(missing_ok=True)
    for stale in ("lib", "classes"):
        shutil.rmtree(TARGET / stale, ignore_errors=True)
    fetched = subprocess.run(
        [
            *MAVEN,
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            f"-DoutputDirectory={TARGET / 'lib'}",
        ],
        capture_output=True,
        text=True,
    )
    if fetched.returncode != 0:
        errors = [line for line in fetched.stdout.splitlines() if "ERROR" in line]
        raise Unavailable(errors[0] if errors else fetched.stderr)
    subprocess.run([*MAVEN, "compiler:compile"], check=True)


def digest_of_sources() -> str:
    sources = [PROJECT / "pom.xml", *sorted(PROJECT.glob("src/**/*.java"))]
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()


if __name__ == "__main__":
    install()
