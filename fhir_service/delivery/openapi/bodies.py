"""The bodies that are sent to FHIR in openapi.yaml.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_service.bodies import JSON_PATCH
from fhir_service.delivery.fhir.negotiation import FORM
from fhir_service.exchange import Interaction

from .parts import TEXT, Json, reference

_BODIES = {"patch": "Patch", "batch": "Batch", "operation": "Invocation"}


def request_body(interaction: Interaction, media_types: Sequence[str]) -> Json:
    """The specification says what a resource is; here only what tells one body from another."""
    if media_types == (FORM,):
        return {"content": {FORM: {"schema": {"type": "object"}}}}
    return reference("requestBodies", _BODIES.get(interaction.code, "Written"))


def request_bodies(interactions: Sequence[Interaction]) -> Json:
    bodies: Json = {}
    for interaction in interactions:
        if interaction.media_types and interaction.routes:
            name = request_body(interaction, interaction.media_types)["$ref"].rpartition("/")[2]
            content = {media_type: _body_schema(media_type, name) for media_type in interaction.media_types}
            # An operation may have all its parameters in the query.
            bodies[name] = {"required": name != "Invocation", "content": content}
    return bodies


def _body_schema(media_type: str, name: str) -> Json:
    if media_type == JSON_PATCH:
        return {"schema": {"type": "array", "items": {"type": "object"}}}
    if "json" not in media_type:
        return {"schema": {"type": "string"}}
    resource_type: Json = {"Patch": {"const": "Parameters"}, "Batch": {"const": "Bundle"}}.get(name, TEXT)
    properties = {"resourceType": resource_type}
    if name == "Batch":
        properties["type"] = {"enum": ["batch", "transaction"]}
    return {"schema": {"type": "object", "required": list(properties), "properties": properties}}
