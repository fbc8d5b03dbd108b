"""The `topic` commands: thin; each asks one module and prints what it says.

https://click.palletsprojects.com/ (exit status: 0 good, 1 findings, 2 wrong use)
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .finding import Finding, SourceError
from .source import RESOURCES

if TYPE_CHECKING:
    from .build import Step
    from .topic import Text

resources_option = click.option(
    "--resources",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=RESOURCES,
    help="Folder with publisher.yaml, codes.csv and topics/.  [default: the repository's own]",
)


@click.group()
def topic() -> None:
    """Write, check and build topics.

    A topic is a folder in resources/topics: facts.csv holds what its source page says, text.en.md says it in
    plain words, topic.yaml gives it codes and structure. From these, `build` makes FHIR R4, R4B and R5.

    \b
    fhir-service topic new my-topic     a small topic that works, to start from
    fhir-service topic lint             what is wrong, with file and line
    fhir-service topic report my-topic  which resources carry each fact
    fhir-service topic build            write resources/.../fhir/
    fhir-service topic publish my-topic keep the page of its version for good
    """


@topic.command()
@resources_option
def lint(resources: Path) -> None:
    """Check all topics: their shape, and every rule over what is built from them. Writes nothing.

    Each finding is one line: `file:line: what is wrong, what is allowed`. Exit status 1 when there is one.
    """
    from .lint import check
    from .words import words_sha256

    checked = check(resources)
    if checked.findings:
        raise _failed(resources, checked.findings)
    for material in checked.materials():
        built = ", ".join(f"{name} {len(found)}" for name, found in material.built.items())
        click.echo(f"{material.topic.slug}: good. {len(material.topic.facts)} facts")
        click.echo(f"  resources: {built}")
        for text in material.topic.texts:
            click.echo(f"  {_about(text)}, sha256 of the words: {words_sha256(material.topic, text)}")


@topic.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail when a built file is stale.")
@resources_option
def build(only_check: bool, resources: Path) -> None:
    """Build the FHIR resources of all topics, for all releases, after checking them as `lint` does.

    With a finding nothing is written. What is built is committed: a reviewer sees the FHIR that changes.
    """
    from .build import differences, files_of, write
    from .lint import check

    checked = check(resources, _progress_bar)
    if checked.findings:
        raise _failed(resources, checked.findings)
    files = {path: data for folder in checked.folders for path, data in files_of(folder, resources).items()}
    if only_check:
        stale = differences(resources, files)
        for line in stale:
            click.echo(line, err=True)
        if stale:
            raise SystemExit(1)
        click.echo(f"{len(files)} built files are up to date.")
        return
    changed = write(resources, files)
    click.echo(f"{len(changed)} of {len(files)} built files changed.")


@topic.command()
@click.argument("slug")
@resources_option
def report(slug: str, resources: Path) -> None:
    """Show which section states each fact of topic SLUG, and which resources hold it in each release."""
    from .lint import check
    from .report import report as table

    checked = check(resources)
    found = [material for material in checked.materials() if material.topic.slug == slug]
    if not found:
        names = ", ".join(material.topic.slug for material in checked.materials()) or "none that can be read"
        raise _failed(
            resources, [*checked.findings, Finding("topics", 1, f"no topic `{slug}`; allowed: {names}")]
        )
    click.echo(table(found[0]))
    if checked.findings:
        raise _failed(resources, checked.findings)


@topic.command()
@click.argument("slug")
@resources_option
def new(slug: str, resources: Path) -> None:
    """Start the topic SLUG: three small files that lint and build as they are.

    SLUG starts the ids of its resources: lower-case letters, digits and `-`, for instance `asthma-inhaler`.
    """
    from .scaffold import scaffold

    try:
        paths = scaffold(resources, slug, datetime.date.today())
    except SourceError as error:
        raise _failed(resources, error.findings) from None
    for path in paths:
        click.echo(os.path.relpath(path))
    click.echo(
        "Now write your facts, words and codes there; `fhir-service topic lint` tells what is missing."
    )


def _about(text: Text) -> str:
    """`es: a draft translation, Fernández-Huerta 85.1`"""
    draft = "a draft translation, " if text.is_draft else ""
    measured = text.readability
    return f"{text.language}: {draft}" + (
        f"{measured.formula} {measured.value:.1f}" if measured else "no reading formula"
    )


@topic.command()
@click.argument("slug")
@click.option(
    "--replace", is_flag=True, help="Write the pages anew; only while they have been shown to nobody."
)
@resources_option
def publish(slug: str, replace: bool, resources: Path) -> None:
    """Keep the page of topic SLUG as its version shows it, for good, in each reviewed language.

    The files stand in resources/topics/SLUG/versions/ and are committed; the service answers them at
    /topics/SLUG/v/VERSION. Words that change later need a new version in topic.yaml. Draft translations are
    not published.
    """
    from .source import load_sources
    from .versions import publish as write

    try:
        sources = load_sources(resources)
        found = [one for one in sources.topics if one.slug == slug]
        if not found:
            names = ", ".join(one.slug for one in sources.topics) or "none"
            raise SourceError([Finding("topics", 1, f"no topic `{slug}`; allowed: {names}")])
        paths = write(resources, found[0], sources.publisher, anew=replace)
    except SourceError as error:
        raise _failed(resources, error.findings) from None
    for path in paths:
        click.echo(os.path.relpath(path))
    if not paths:
        click.echo(f"Version {found[0].version} is published; nothing has changed.")


def _progress_bar(steps: list[Step]) -> Iterator[Step]:
    """A bar on a terminal, nothing in a log."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(steps, label="Building", file=sys.stderr, hidden=hidden) as bar:
        yield from bar


def _failed(resources: Path, findings: Iterable[Finding]) -> SystemExit:
    """Print findings so that an editor can jump to them, and end with status 1."""
    lines = [f"{os.path.relpath(resources)}/{finding}" for finding in sorted(set(findings))]
    for line in lines:
        click.echo(line, err=True)
    click.echo(f"{len(lines)} finding{'s' if len(lines) != 1 else ''}; nothing was written.", err=True)
    return SystemExit(1)
