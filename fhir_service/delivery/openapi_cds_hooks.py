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

Json = dict[str, Any]

_TEXT: Json = {"type": "string", "minLength": 1}
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


def paths(outcome: Json) -> Json:
    """Discovery, and each service with its feedback.

    :param outcome: the schema of an OperationOutcome, which is what every failure is
    """
    found: Json = {PREFIX: {"get": _operation("The CDS services", _discovery(), {}, outcome)}}
    for service in SERVICES.values():
        address = f"{PREFIX}/{service.id}"
        call = _operation(service.description, _cards(), {**_OF_BODIES, **_MISSING}, outcome)
        found[address] = {"post": call | _body(call_shape(service))}
        thanks = _operation(f"What became of cards of {service.id}", _object({}), _OF_BODIES, outcome)
        found[f"{address}/{FEEDBACK}"] = {"post": thanks | _body(FeedbackListShape())}
    return found


def _operation(summary: str, answer: Json, failures: Mapping[int, str], outcome: Json) -> Json:
    responses: Json = {"200": {"description": summary, "content": _json(answer)}}
    for status, told in sorted({**_COMMON, **failures, **_KEYS}.items()):
        responses[str(status)] = {"description": told, "content": _json(outcome)}
    return {"summary": summary, "tags": ["cds-hooks"], "responses": responses}


def _body(shape: Schema) -> Json:
    return {"requestBody": {"required": True, "content": _json(_schema(shape))}}


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _object(properties: Json, required: list[str] | None = None) -> Json:
    needed = list(properties) if required is None else required
    made: Json = {"type": "object", "properties": properties}
    return made | ({"required": needed} if needed else {})


# --- what is sent ---------------------------------------------------------------------------------------


def _schema(shape: Schema) -> Json:
    """The schema of what a shape takes; members that it does not know are allowed."""
    required = [name for name, field in shape.fields.items() if field.required]
    return _object({name: _field(field) for name, field in shape.fields.items()}, required)


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
            return _TEXT | _limits(field)


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
    return _object({"resourceType": {"const": resource_type}})


def _bundle() -> Json:
    resource = _object({"resourceType": _TEXT})
    entries = {"type": "array", "items": _object({"resource": resource}, [])}
    return _object({"resourceType": {"const": "Bundle"}, "entry": entries}, ["resourceType"])


# --- what is answered -----------------------------------------------------------------------------------


def _discovery() -> Json:
    service = _object(
        {
            "hook": {"enum": [service.hook for service in SERVICES.values()]},
            "title": _TEXT,
            "description": _TEXT,
            "id": {"enum": list(SERVICES)},
            "prefetch": {"type": "object", "additionalProperties": _TEXT},
            "usageRequirements": _TEXT,
        }
    )
    return _object({"services": {"type": "array", "items": service}})


def _cards() -> Json:
    action = _object({"type": {"const": "create"}, "description": _TEXT, "resource": {"type": "object"}})
    suggestion = _object({"label": _TEXT, "uuid": _TEXT, "actions": {"type": "array", "items": action}})
    link = _object({"label": _TEXT, "url": _URL, "type": {"const": "absolute"}})
    card = {
        "uuid": _TEXT,
        "summary": _TEXT | {"maxLength": 139},
        "detail": _TEXT,
        "indicator": {"const": "info"},
        "source": _object({"label": _TEXT, "url": _URL, "topic": {"type": "object"}}, ["label", "url"]),
        "links": {"type": "array", "items": link},
    }
    offered = {
        "suggestions": {"type": "array", "items": suggestion},
        "selectionBehavior": {"const": "any"},
    }
    return _object({"cards": {"type": "array", "items": _object(card | offered, list(card))}})
