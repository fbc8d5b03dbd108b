"""openapi.yaml, written from the registries that route requests: what is not routed cannot be described.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from pathlib import Path

import click

from fhir_service.served_types import served_types

from .document import document
from .parts import Json
from .text import to_yaml

FILE = Path(__file__).resolve().parents[3] / "openapi.yaml"


def current_document() -> Json:
    """The document of the service as it is: what `openapi.yaml` must hold."""
    from fhir_service.content.published import search_parameters
    from fhir_service.interactions import INTERACTIONS
    from fhir_service.operations import OPERATIONS, export_status
    from fhir_service.operations.routing import interactions_of
    from fhir_service.releases import RELEASES

    types = {name: served_types(release, "content") for name, release in RELEASES.items()}
    interactions = (*INTERACTIONS, *interactions_of(OPERATIONS), *export_status.INTERACTIONS)
    return document(interactions, RELEASES, types, search_parameters())


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the file is what would be written.")
def openapi(check: bool) -> None:
    """Write openapi.yaml from the registries that route requests."""
    text = to_yaml(current_document())
    if not check:
        FILE.write_text(text, encoding="utf-8")
        click.echo(f"{FILE.name}: written")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        raise click.ClickException(f"{FILE.name} is stale: run `make openapi` and commit it")
