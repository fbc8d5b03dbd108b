"""The `validate` command: thin; the gate does the work.

https://hl7.org/fhir/R4/validation.html (exit status: 0 good, 1 errors, 2 wrong use)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fhir_service.errors import Invalid

from . import R4, RELEASES, Release

if TYPE_CHECKING:
    from fhir_service.formats import Format

    from .validator.location import JsonPath

    LinesOf = Callable[[str, Iterable[JsonPath]], dict[JsonPath, int]]

_LINE = re.compile(r"\(line ([0-9]+), (column [0-9]+)\)")


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--release",
    "release_name",
    type=click.Choice(sorted(RELEASES)),
    help="FHIR release.  [default: the folder r4, r4b or r5 that a file is in, else r4]",
)
def validate(files: tuple[Path, ...], release_name: str | None) -> None:
    """Check FHIR resources in JSON, .ndjson or .xml files as the service checks what it is sent.

    Each problem is one line, `file:line: error: what is wrong, what is allowed (FHIRPath)`. Not checked are
    profiles, codes beyond required bindings, and whether what is referred to exists. Exit status 1 on errors.
    """
    errors = 0
    for file in files:
        release = RELEASES[release_name] if release_name else _release_of(file)
        for line in _findings(file, release):
            click.echo(f"{file}:{line}")
            errors += 1
    click.echo(
        f"{len(files)} file{'s' if len(files) != 1 else ''}, {errors} error{'s' if errors != 1 else ''}.",
        err=True,
    )
    if errors:
        raise SystemExit(1)


def _release_of(file: Path) -> Release:
    named = [part for part in file.absolute().parent.parts if part in RELEASES]
    return RELEASES[named[-1]] if named else R4


def _findings(file: Path, release: Release) -> Iterator[str]:
    """Yield `line: severity: message (expression)`."""
    from fhir_service.formats import fhir_json, fhir_xml

    from .validator import positions, xml_positions

    body = file.read_bytes()
    match file.suffix.lower():
        case ".xml":
            yield from _check(body, 1, release, fhir_xml, xml_positions.lines_of)
        case ".ndjson":
            for number, line in enumerate(body.split(b"\n"), 1):
                if line.strip():
                    yield from _check(line, number, release, fhir_json, positions.lines_of)
        case _:
            yield from _check(body, 1, release, fhir_json, positions.lines_of)


def _check(
    body: bytes, first_line: int, release: Release, format: Format, lines_of: LinesOf
) -> Iterator[str]:
    from .validator import validator

    try:
        resource = format.decode(body, release)
    except Invalid as error:
        place = _LINE.search(str(error))
        line = first_line + int(place[1]) - 1 if place else first_line
        told = _LINE.sub(r"(\2)", str(error))  # the line is said once, and in NDJSON it is the file's
        yield f"{line}: error: {told}"
        return
    found = validator(release).locate(resource)
    lines = lines_of(body.decode(), [one.json_path for one in found]) if found else {}
    for one in sorted(found, key=lambda one: lines[one.json_path]):
        line = first_line + lines[one.json_path] - 1
        yield f"{line}: {one.issue.severity}: {one.issue.diagnostics} ({', '.join(one.issue.expression)})"
