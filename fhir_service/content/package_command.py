"""`fhir-service package`: write the FHIR NPM packages of what is built.

https://hl7.org/fhir/R4/packages.html
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import click

from .commands import resources_option


@click.command()
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("dist"),
    show_default=True,
    help="The folder that they are written to.",
)
@resources_option
def package(folder: Path, resources: Path) -> None:
    """Write a FHIR package (.tgz) for each release from the built files, the same bytes every time.

    The service serves the same packages at /packages/NAME. Fails when a built file is stale.

    \b
    fhir-service package                then dist/NAME-VERSION.tgz can be published, or loaded elsewhere
    """
    from .build import stale
    from .package import npm_packages

    problems = stale(resources)
    if problems:
        raise click.ClickException("\n".join(problems))
    folder.mkdir(parents=True, exist_ok=True)
    for one in npm_packages(resources):
        path = folder / one.file_name
        path.write_bytes(one.tarball)
        digest = hashlib.sha256(one.tarball).hexdigest()
        click.echo(f"{os.path.relpath(path)}: {len(one.files)} files, sha256 {digest}")
