"""HL7's npm packages: what is pinned, how it is fetched, and how it is read.

https://confluence.hl7.org/display/FHIR/NPM+Package+Specification
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Resource = dict[str, Any]


@dataclass(frozen=True)
class Package:
    """One pinned npm package and the release it defines."""

    release: str
    name: str
    version: str
    sha512: str

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}.tgz"


# hl7.fhir.r4.core is not in the npm registry; R4's definitions travel in the examples package.
PACKAGES = (
    Package(
        "r4",
        "hl7.fhir.r4.examples",
        "4.0.1",
        "0d705d21939e41a48a220094ef0e87382eecc3fe81cf29668a92e4056e1ffffa"
        "53f8173de31fbc2c89b04ddbda35384f2683b3a41cefc40ccdaa37aedd7ff32f",
    ),
    Package(
        "r4b",
        "hl7.fhir.r4b.core",
        "4.3.0",
        "d976b7401e4f43135c86c03c7214aadce2cc1c97f9e6211ce386d90856916ab5"
        "fa2dea3caa37935d2ab844d48ca6f2ad7c6e2eec2916a449a542d6f4af02d617",
    ),
    Package(
        "r5",
        "hl7.fhir.r5.core",
        "5.0.0",
        "d13bc907528ab68927fcfda647072a118f2ff1137c204fe9423bed96c3da25d6"
        "1a0df631e14061b98e1a7c019e4235b4d69f523583e987100516412c4ba3f4e4",
    ),
)


class PackageError(Exception):
    """A package is absent, could not be fetched, or is not the one that is pinned."""


def fetch(package: Package, folder: Path) -> Path:
    """Return the package's file, fetching it with npm when it is not there yet; its hash always holds."""
    path = folder / package.file_name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
        try:
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        except FileNotFoundError:
            raise PackageError("npm is not installed (Debian: apt install npm)") from None
        except subprocess.CalledProcessError as failure:
            raise PackageError(f"`{' '.join(command)}` failed with status {failure.returncode}") from None
    found = hashlib.sha512(path.read_bytes()).hexdigest()
    if found != package.sha512:
        raise PackageError(f"{package.file_name}: sha512 is {found}, pinned is {package.sha512}")
    return path


def read(path: Path) -> list[Resource]:
    """Return the resources of a package's file in the order of their file names."""
    resources: dict[str, Resource] = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            name = member.name
            if not name.startswith("package/") or not name.endswith(".json") or name.count("/") > 1:
                continue
            content = archive.extractfile(member)
            assert content is not None
            value = json.loads(content.read())
            if "resourceType" in value:
                resources[name] = value
    return [resources[name] for name in sorted(resources)]
