"""The schemas of FHIR in openapi.yaml.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Sequence

from .parts import Json


def schemas() -> Json:
    """Enough of FHIR to tell the answers apart; the specification's own schemas say the rest."""

    def resource(name: str, required: Sequence[str], properties: Json) -> Json:
        properties = {"resourceType": {"const": name}, **properties}
        return {"type": "object", "required": ["resourceType", *required], "properties": properties}

    texts = {"type": "string", "minLength": 1}
    issue = {
        "type": "object",
        "required": ["severity", "code", "diagnostics"],
        "properties": {
            "severity": {"enum": ["fatal", "error", "warning", "information"]},
            "code": texts,
            "diagnostics": texts,
            "expression": {"type": "array", "items": texts},
        },
    }
    return {
        "Resource": {
            "type": "object",
            "required": ["resourceType", "id"],
            "properties": {"resourceType": texts, "id": texts},
        },
        "Answer": {
            "type": "object",
            "description": "A Parameters, or the one resource that the operation gives",
            "required": ["resourceType"],
            "properties": {"resourceType": texts},
        },
        "Manifest": {
            "type": "object",
            "required": ["transactionTime", "request", "requiresAccessToken", "output", "error"],
            "properties": {
                "transactionTime": texts,
                "request": texts,
                "requiresAccessToken": {"type": "boolean"},
                "output": {"type": "array", "items": {"type": "object"}},
                "deleted": {"type": "array", "items": {"type": "object"}},
                "error": {"type": "array", "items": {"type": "object"}},
            },
        },
        "Bundle": resource(
            "Bundle",
            ["type", "link"],
            {
                "type": {"const": "searchset"},
                "total": {"type": "integer", "minimum": 0},
                "link": {"type": "array", "minItems": 1, "items": {"type": "object"}},
                "entry": {"type": "array", "minItems": 1, "items": {"type": "object"}},
            },
        ),
        "History": resource(
            "Bundle",
            ["type", "link", "total"],
            {"type": {"const": "history"}, "entry": {"type": "array", "minItems": 1}},
        ),
        "Responses": resource(
            "Bundle",
            ["type"],
            {
                "type": {"enum": ["batch-response", "transaction-response"]},
                "entry": {"type": "array", "minItems": 1},
            },
        ),
        "CapabilityStatement": resource(
            "CapabilityStatement",
            ["status", "date", "kind", "fhirVersion", "format", "rest"],
            {"fhirVersion": texts, "rest": {"type": "array", "minItems": 1, "items": {"type": "object"}}},
        ),
        "OperationOutcome": resource(
            "OperationOutcome", ["issue"], {"issue": {"type": "array", "minItems": 1, "items": issue}}
        ),
    }
