"""npm, and a client that FHIR tools use, install our packages from a running service."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_service.content.package import npm_packages
from fhir_service.content.source import RESOURCES
from tests.requirements import require
from tests.serving import Service, serving

CLIENT = "fhir-package-loader@2.2.4"
PACKAGES = {package.name: package for package in npm_packages(RESOURCES)}

pytestmark = pytest.mark.xdist_group("package-clients")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    require("npm", "node", install="apt install npm")
    folder = tmp_path_factory.mktemp("packages")
    environment = {
        **os.environ,
        "FHIR_SERVICE_WORKERS": "1",
        "FHIR_SERVICE_DATABASE_URL": f"sqlite:///{folder / 'fhir.sqlite'}",
    }
    command = [sys.executable, "-m", "fhir_service", "serve"]
    with serving(command, RESOURCES.parent, folder / "log", environment) as started:
        yield started


@pytest.mark.parametrize("name", PACKAGES)
def test_npm_fetches_the_package_and_believes_its_checksums(
    service: Service, tmp_path: Path, name: str
) -> None:
    registry = [f"--registry={service.url}/packages/", f"--cache={tmp_path / 'cache'}"]
    subprocess.run(["npm", "pack", "--silent", *registry, name], cwd=tmp_path, check=True)
    package = PACKAGES[name]
    assert (tmp_path / package.file_name).read_bytes() == package.tarball


def test_npm_tells_what_is_not_there_in_our_words(service: Service, tmp_path: Path) -> None:
    registry = [f"--registry={service.url}/packages/", f"--cache={tmp_path / 'cache'}"]
    command = ["npm", "view", *registry, "hl7.fhir.r4.core"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "404" in ran.stderr
    assert "There is no package `hl7.fhir.r4.core`" in ran.stderr


def test_a_fhir_package_client_resolves_and_downloads(service: Service, tmp_path: Path) -> None:
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", CLIENT]
    (tmp_path / "package.json").write_text("{}")
    subprocess.run(install, cwd=tmp_path, check=True)
    script = tmp_path / "package_client.mjs"
    script.write_text((Path(__file__).parent / script.name).read_text())
    for name, package in PACKAGES.items():
        command = ["node", str(script), f"{service.url}/packages", name]
        told = json.loads(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout)
        wanted = {"version": package.version, "sha512": hashlib.sha512(package.tarball).hexdigest()}
        assert told == {"FHIRRegistryClient": wanted, "NPMRegistryClient": wanted}
