"""The token endpoint and the SMART configuration in openapi.yaml, from what auth.py declares.

https://hl7.org/fhir/smart-app-launch/backend-services.html and https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from dataclasses import fields

from fhir_service.delivery.auth import SMART_CONFIGURATION, TOKEN, Endpoint
from fhir_service.delivery.fhir.negotiation import FORM
from fhir_service.security.client_credentials import ASSERTION_TYPE, GRANT_TYPE, Grant

from .answers import fhir_content
from .parts import TEXT, Json, json_content, object_of


def paths() -> Json:
    """The paths of auth.py; all but OAuth's refusals are OperationOutcomes."""
    found: Json = {}
    for path in TOKEN.paths:
        contents = {200: json_content(_grant()), 400: json_content(_refusal()), 401: json_content(_refusal())}
        operation = _operation(TOKEN, contents)
        found[path] = {"post": {**operation, "requestBody": _form()}}
    for path in SMART_CONFIGURATION.paths:
        found[path] = {"get": _operation(SMART_CONFIGURATION, {200: json_content(_configuration())})}
    return found


def _operation(endpoint: Endpoint, contents: dict[int, Json]) -> Json:
    outcome = fhir_content("OperationOutcome")
    responses = {
        str(status): {"description": told, "content": contents.get(status, outcome)}
        for status, told in endpoint.answers.items()
    }
    return {"summary": endpoint.summary, "tags": ["auth"], "responses": responses}


def _form() -> Json:
    # Not `required`: what is left out is told in OAuth's words.
    properties = {
        "grant_type": {"const": GRANT_TYPE},
        "client_assertion_type": {"const": ASSERTION_TYPE},
        "client_assertion": TEXT,
        "scope": TEXT,
    }
    return {"content": {FORM: {"schema": {"type": "object", "properties": properties}}}}


def _grant() -> Json:
    return object_of(
        {one.name: {"type": "integer"} if one.name == "expires_in" else TEXT for one in fields(Grant)}
    )


def _refusal() -> Json:
    """https://www.rfc-editor.org/rfc/rfc6749#section-5.2"""
    return object_of({"error": TEXT, "error_description": TEXT})


def _configuration() -> Json:
    """https://hl7.org/fhir/smart-app-launch/conformance.html#metadata"""
    return object_of(
        {
            "token_endpoint": TEXT,
            "grant_types_supported": {"type": "array", "items": TEXT},
            "capabilities": {"type": "array", "items": TEXT},
        }
    )
