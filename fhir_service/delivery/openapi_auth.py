"""The token endpoint and the SMART configuration in openapi.yaml, from what auth.py declares.

https://hl7.org/fhir/smart-app-launch/backend-services.html and https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from fhir_service.delivery.auth import SMART_CONFIGURATION, TOKEN, Endpoint
from fhir_service.delivery.fhir.negotiation import FORM
from fhir_service.security.client_credentials import ASSERTION_TYPE, GRANT_TYPE, Grant

Json = dict[str, Any]

_TEXT: Json = {"type": "string", "minLength": 1}


def paths(outcome: Json) -> Json:
    """The paths of auth.py.

    :param outcome: the content of an OperationOutcome, which is what all but OAuth's refusals are
    """
    found: Json = {}
    for path in TOKEN.paths:
        contents = {200: _json(_grant()), 400: _json(_refusal()), 401: _json(_refusal())}
        operation = _operation(TOKEN, contents, outcome)
        found[path] = {"post": {**operation, "requestBody": _form()}}
    for path in SMART_CONFIGURATION.paths:
        found[path] = {"get": _operation(SMART_CONFIGURATION, {200: _json(_configuration())}, outcome)}
    return found


def _operation(endpoint: Endpoint, contents: dict[int, Json], outcome: Json) -> Json:
    responses = {
        str(status): {"description": told, "content": contents.get(status, outcome)}
        for status, told in endpoint.answers.items()
    }
    return {"summary": endpoint.summary, "tags": ["auth"], "responses": responses}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _object(properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _form() -> Json:
    # Not `required`: what is left out is told in OAuth's words.
    properties = {
        "grant_type": {"const": GRANT_TYPE},
        "client_assertion_type": {"const": ASSERTION_TYPE},
        "client_assertion": _TEXT,
        "scope": _TEXT,
    }
    return {"content": {FORM: {"schema": {"type": "object", "properties": properties}}}}


def _grant() -> Json:
    return _object(
        {one.name: {"type": "integer"} if one.name == "expires_in" else _TEXT for one in fields(Grant)}
    )


def _refusal() -> Json:
    """https://www.rfc-editor.org/rfc/rfc6749#section-5.2"""
    return _object({"error": _TEXT, "error_description": _TEXT})


def _configuration() -> Json:
    """https://hl7.org/fhir/smart-app-launch/conformance.html#metadata"""
    return _object(
        {
            "token_endpoint": _TEXT,
            "grant_types_supported": {"type": "array", "items": _TEXT},
            "capabilities": {"type": "array", "items": _TEXT},
        }
    )
