"""The `fhir-service` command: names the commands; each lives with the part that it starts.

https://click.palletsprojects.com/en/stable/complex/#defining-the-lazy-group
"""

from __future__ import annotations

from importlib import import_module

import click

# Imported only when asked for: serving must not pay for the authoring pipeline, nor the reverse.
COMMANDS = {
    "db": "fhir_service.content.database_command",
    "load": "fhir_service.content.load_command",
    "openapi": "fhir_service.delivery.openapi",
    "package": "fhir_service.content.package_command",
    "serve": "fhir_service.delivery.serve",
    "topic": "fhir_service.content.commands",
    "validate": "fhir_service.releases.commands",
}


class LazyGroup(click.Group):
    """A group whose commands stand in a module of their own, under their own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=LazyGroup)
def main() -> None:
    """Write patient-education topics once, serve them as FHIR R4, R4B and R5.

    Start with `fhir-service serve`, or write a topic with `fhir-service topic --help`.
    """
