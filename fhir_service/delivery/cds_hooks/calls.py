"""A call of a service: its shape checked, its FHIR resources only sorted.

https://cds-hooks.hl7.org/2.0/#calling-a-cds-service and https://cds-hooks.hl7.org/hooks/order-select/

Members that nobody knows are ignored, as extensions are. An access token is looked at for its shape alone,
and dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from fhir_service.delivery.cds_hooks.services import PATIENT, SERVICES, Service
from fhir_service.delivery.cds_hooks.shapes import Seconds, Shape, Text, Uuid, load
from fhir_service.delivery.cds_hooks.supplied import BundleField, Entry, ReadField, SearchField, Supplied
from fhir_service.errors import Invalid

UserType = Literal["Practitioner", "PractitionerRole", "Patient", "RelatedPerson"]

_PROVIDERS = ("Practitioner", "PractitionerRole")
_USERS = (*_PROVIDERS, "Patient", "RelatedPerson")
_ID = r"[A-Za-z0-9\-.]{1,64}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a service answers from."""

    user_type: UserType
    patient_id: str
    encounter_id: str | None
    selections: tuple[str, ...]
    drafts: tuple[Entry, ...]
    prefetch: Mapping[str, Supplied]
    """without the keys that were not supplied, or could not be read by the client (an OperationOutcome)"""

    @property
    def is_by_provider(self) -> bool:
        return self.user_type in _PROVIDERS


class PrefetchShape(Shape):
    patient = ReadField()
    conditions = SearchField()
    medications = SearchField()
    allergies = SearchField()


class AuthorizationShape(Shape):
    """https://cds-hooks.hl7.org/2.0/#passing-the-access-token-to-the-cds-service"""

    access_token = Text(required=True)
    token_type = Text(required=True, validate=validate.Equal("Bearer", error="allowed: Bearer"))
    expires_in = Seconds(required=True)
    scope = Text(required=True)
    subject = Text(required=True)
    patient = Text()


_is_id = validate.Regexp(re.compile(rf"{_ID}\Z", re.ASCII), error="allowed: a FHIR id")
_is_user = validate.Regexp(
    re.compile(rf"(?:{'|'.join(_USERS)})/{_ID}\Z", re.ASCII),
    error=f"allowed: {', '.join(_USERS)}, each with /id",
)


class ContextShape(Shape):
    """https://cds-hooks.hl7.org/hooks/patient-view/"""

    userId = Text(required=True, validate=_is_user)
    patientId = Text(required=True, validate=_is_id)
    encounterId = Text(validate=_is_id)


class OrderSignShape(ContextShape):
    """https://cds-hooks.hl7.org/hooks/order-sign/"""

    draftOrders = BundleField(required=True)


class OrderSelectShape(OrderSignShape):
    """https://cds-hooks.hl7.org/hooks/order-select/"""

    selections = fields.List(
        Text(),
        required=True,
        error_messages={"required": "is required", "null": "may not be null", "invalid": "allowed: an array"},
    )


class DischargeShape(ContextShape):
    """https://cds-hooks.hl7.org/hooks/encounter-discharge/"""

    encounterId = Text(required=True, validate=_is_id)


_CONTEXTS: Mapping[str, type[ContextShape]] = {
    "patient-view": ContextShape,
    "order-select": OrderSelectShape,
    "order-sign": OrderSignShape,
    "encounter-discharge": DischargeShape,
}


class CallShape(Shape):
    """What calls of every hook have; `hook` and `context` are those of one."""

    hookInstance = Uuid(required=True)
    fhirServer = fields.Url(
        schemes={"http", "https"},
        require_tld=False,
        error_messages={"invalid": "allowed: an http(s) URL", "null": "may not be null"},
    )
    fhirAuthorization = fields.Nested(
        AuthorizationShape, error_messages={"null": "may not be null", "type": "allowed: an object"}
    )
    prefetch = fields.Nested(PrefetchShape, load_default=dict, error_messages={"null": "may not be null"})

    @validates_schema
    def names_the_server(self, data: dict[str, Any], **_: Any) -> None:
        """https://cds-hooks.hl7.org/2.0/#http-request_1"""
        if "fhirAuthorization" in data and "fhirServer" not in data:
            raise ValidationError("is required with fhirAuthorization", "fhirServer")


def call_shape(service: Service) -> Schema:
    """The shape of a call of this service."""
    hook = Text(required=True, validate=validate.Equal(service.hook, error=f"allowed: {service.hook}"))
    context = fields.Nested(
        _CONTEXTS[service.hook],
        required=True,
        error_messages={"required": "is required", "null": "may not be null"},
    )
    return CallShape.from_dict({"hook": hook, "context": context})()


_SHAPES = {service.id: call_shape(service) for service in SERVICES.values()}


def read_call(body: Any, service: Service) -> Call:
    """The call that a JSON value is.

    :raises Invalid: for every field that is malformed, one issue
    """
    loaded = load(_SHAPES[service.id], body)
    context = loaded["context"]
    user_type = context["userId"].partition("/")[0]
    drafts = context.get("draftOrders", Supplied())
    call = Call(
        user_type=user_type,
        patient_id=context["patientId"],
        encounter_id=context.get("encounterId"),
        selections=tuple(context.get("selections", ())),
        drafts=drafts.entries,
        prefetch={key: supplied for key, supplied in loaded["prefetch"].items() if supplied is not None},
    )
    _check_patient(call)
    return call


def _check_patient(call: Call) -> None:
    """An answer about one patient must not be made from the record of another."""
    for entry in call.prefetch.get(PATIENT, Supplied()).entries:
        if entry.resource.get("id", call.patient_id) != call.patient_id:
            field = f"prefetch.{PATIENT}.id"
            raise Invalid(f"`{field}`: allowed: the id of context.patientId", expression=(field,))
