"""pages"""

from __future__ import annotations

from flask import Blueprint

from fhir_service.delivery.doors import Doors


def create_blueprint(doors: Doors) -> Blueprint:
    return Blueprint("pages", __name__)
