"""Whose address a request is at, also where no rule of that door fits: the door answers in its own form.

https://flask.palletsprojects.com/en/stable/blueprints/#blueprint-error-handlers

Flask knows the door only of what was routed, and a path such as /topics//ivig-itp or /integrate/x is not.
"""

from __future__ import annotations

from flask import Request, current_app
from werkzeug.exceptions import NotFound

from fhir_service.delivery.wsgi import first_part


class DoorRequest(Request):
    """A request whose error handler is that of the door at the beginning of its path."""

    @property
    def blueprints(self) -> list[str]:
        found = super().blueprints
        if found or not isinstance(self.routing_exception, NotFound):
            return found
        first = first_part(self.path)
        doors = (
            rule.endpoint.rpartition(".")[0]
            for rule in current_app.url_map.iter_rules()
            if first and first_part(rule.rule) == first
        )
        return [door for door in doors if door][:1]
