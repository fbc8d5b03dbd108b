"""The CDS services in openapi.yaml, from their declarations and the shapes that check what is sent.

https://cds-hooks.hl7.org/2.0/ and https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from fhir_service.delivery.cds_hooks import FEEDBACK, PREFIX
from fhir_service.delivery.cds_hooks.calls import call_shape
from fhir_service.delivery.cds_hooks.feedback import FeedbackListShape, Moment
from fhir_service.delivery.cds_hooks.services import SERVICES
from fhir_service.delivery.cds_hooks.shapes import Seconds, Uuid
from fhir_service.delivery.cds_hooks.supplied import BundleField, ReadField, SearchField

from .parts import TEXT, Json, json_content, object_of, reference

_URL: Json = {"type": "string", "format": "uri"}
_COMMON: Mapping[int, str] = {
    400: "What was sent is malformed; each field that is wrong is named",
    401: "The site names its clients, and the call has no token of one of them",
}
_OF_BODIES: Mapping[int, str] = {
    413: "The body is too large",
    415: "The body has another media type than application/json",
}
_MISSING: Mapping[int, str] = {412: "A card depends on data that was not sent; each prefetch key is named"}
_KEYS: Mapping[int, str] = {503: "The keys of the client cannot be fetched; try again later"}


def paths() -> Json:
    """Discovery, and each service with its feedback."""
    found: Json = {PREFIX: {"get": _operation("The CDS services", _discovery(), {})}}
    for service in SERVICES.values():
        address = f"{PREFIX}/{service.id}"
        call = _operation(service.description, _cards(), {**_OF_BODIES, **_MISSING})
        found[address] = {"post": call | _body(call_shape(service))}
        thanks = _operation(f"What became of cards of {service.id}", object_of({}), _OF_BODIES)
        found[f"{address}/{FEEDBACK}"] = {"post": thanks | _body(FeedbackListShape())}
    return found


def _operation(summary: str, answer: Json, failures: Mapping[int, str]) -> Json:
    outcome = json_content(reference("schemas", "OperationOutcome"))
    responses: Json = {"200": {"description": summary, "content": json_content(answer)}}
    for status, told in sorted({**_COMMON, **failures, **_KEYS}.items()):
        responses[str(status)] = {"description": told, "content": outcome}
    return {"summary": summary, "tags": ["cds-hooks"], "responses": responses}


def _body(shape: Schema) -> Json:
    return {"requestBody": {"required": True, "content": json_content(_schema(shape))}}


# --- what is sent ---------------------------------------------------------------------------------------


def _schema(shape: Schema) -> Json:
    """The schema of what a shape takes; members that it does not know are allowed."""
    required = [name for name, field in shape.fields.items() if field.required]
    return object_of({name: _field(field) for name, field in shape.fields.items()}, required)


def _field(field: fields.Field[Any]) -> Json:
    match field:
        case Uuid():
            return {"type": "string", "format": "uuid"}
        case Moment():
            return {"type": "string", "format": "date-time"}
        case Seconds():
            return {"type": "integer"}
        case ReadField():
            return {"anyOf": [_resource("Patient"), _resource("OperationOutcome"), {"type": "null"}]}
        case SearchField():
            return {"anyOf": [_bundle(), _resource("OperationOutcome"), {"type": "null"}]}
        case BundleField():
            return _bundle()
        case fields.Url():
            return _URL
        case fields.Nested():
            return _schema(field.schema)
        case fields.List():
            return {"type": "array", "items": _field(field.inner)}
        case _:
            return TEXT | _limits(field)


def _limits(field: fields.Field[Any]) -> Json:
    for limit in field.validators:
        match limit:
            case validate.Equal():
                return {"const": limit.comparable}
            case validate.OneOf():
                return {"enum": list(limit.choices)}
            case validate.Regexp():
                written = str(limit.regex.pattern)
                return {"pattern": "^" + written.removesuffix(r"\Z") + "$"}
    return {}


def _resource(resource_type: str) -> Json:
    return object_of({"resourceType": {"const": resource_type}})


def _bundle() -> Json:
    resource = object_of({"resourceType": TEXT})
    entries = {"type": "array", "items": object_of({"resource": resource}, [])}
    return object_of({"resourceType": {"const": "Bundle"}, "entry": entries}, ["resourceType"])


# --- what is answered -----------------------------------------------------------------------------------


def _discovery() -> Json:
    service = object_of(
        {
            "hook": {"enum": [service.hook for service in SERVICES.values()]},
            "title": TEXT,
            "description": TEXT,
            "id": {"enum": list(SERVICES)},
            "prefetch": {"type": "object", "additionalProperties": TEXT},
            "usageRequirements": TEXT,
        }
    )
    return object_of({"services": {"type": "array", "items": service}})


def _cards() -> Json:
    action = object_of({"type": {"const": "create"}, "description": TEXT, "resource": {"type": "object"}})
    suggestion = object_of({"label": TEXT, "uuid": TEXT, "actions": {"type": "array", "items": action}})
    link = object_of({"label": TEXT, "url": _URL, "type": {"const": "absolute"}})
    card = {
        "uuid": TEXT,
        "summary": TEXT | {"maxLength": 139},
        "detail": TEXT,
        "indicator": {"const": "info"},
        "source": object_of({"label": TEXT, "url": _URL, "topic": {"type": "object"}}, ["label", "url"]),
        "links": {"type": "array", "items": link},
    }
    offered = {
        "suggestions": {"type": "array", "items": suggestion},
        "selectionBehavior": {"const": "any"},
    }
    return object_of({"cards": {"type": "array", "items": object_of(card | offered, list(card))}})
