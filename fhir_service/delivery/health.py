"""Whether the process lives and whether it can answer, for whatever starts and watches it.

https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from fhir_service.delivery.cache_control import NOT_KEPT
from fhir_service.store.contract import Store


def create_blueprint(store: Store) -> Blueprint:
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/livez")
    def livez() -> Response:
        return _status("alive", 200)

    @blueprint.get("/readyz")
    def readyz() -> Response:
        hindrance = store.hindrance()
        return _status("ready", 200) if hindrance is None else _status(hindrance, 503)

    return blueprint


def _status(text: str, status: int) -> Response:
    response = jsonify(status=text)
    response.status_code = status
    response.headers["Cache-Control"] = NOT_KEPT
    return response
