"""A call of a service: its shape checked, its FHIR resources only sorted.

https://cds-hooks.hl7.org/2.0/#calling-a-cds-service and https://cds-hooks.hl7.org/hooks/order-select/

Members that nobody knows are ignored, as extensions are. What is malformed is told by the name of the
field, never with its value. An access token is looked at for its shape alone, and dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from fhir_service.delivery.cds_hooks.services import PATIENT, SERVICES, Service
from fhir_service.errors import Invalid, Issue

UserType = Literal["Practitioner", "PractitionerRole", "Patient", "RelatedPerson"]

_PROVIDERS = ("Practitioner", "PractitionerRole")
_USERS = (*_PROVIDERS, "Patient", "RelatedPerson")
_ID = r"[A-Za-z0-9\-.]{1,64}"
_OUTCOME = "OperationOutcome"
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource as it was sent, and where its Bundle says it is."""

    resource: dict[str, Any]
    full_url: str = ""


@dataclass(frozen=True, slots=True)
class Supplied:
    """What was sent for a prefetch key; nothing in it means that there is nothing."""

    entries: tuple[Entry, ...] = ()
    is_complete: bool = True
    """False for one page of several: what is not on it may still be there"""


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


class _Shape(Schema):
    """Unknown members are for others, or for later."""

    class Meta:
        unknown = EXCLUDE

    error_messages = {"type": "allowed: an object"}


class Text(fields.String):
    """A string that is not empty: https://cds-hooks.hl7.org/2.0/#use-of-json."""

    default_error_messages = {
        "invalid": "allowed: a string",
        "required": "is required",
        "null": "may not be null",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text:
            raise ValidationError("may not be empty")
        return text


class Uuid(Text):
    """A UUID, as text."""

    _PATTERN = re.compile(r"(?:urn:uuid:)?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self._PATTERN.fullmatch(text):
            raise ValidationError("allowed: a UUID")
        return text


class Seconds(fields.Field[int]):
    default_error_messages = {"required": "is required", "null": "may not be null"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int:
            raise ValidationError("allowed: a whole number")
        return value


class BundleField(fields.Field[Supplied | None]):
    """A Bundle, of which resources are taken out as they are."""

    default_error_messages = {"required": "is required", "null": "may not be null"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Supplied | None:
        if not isinstance(value, dict) or value.get("resourceType") != "Bundle":
            raise ValidationError("allowed: a Bundle")
        return Supplied(tuple(_entries(value)), is_complete=not _has_next(value))


class SearchField(BundleField):
    """The answer to a query: a Bundle, null for nothing, or the OperationOutcome of one that failed."""

    def __init__(self) -> None:
        super().__init__(allow_none=True)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is None:
            return Supplied()
        return super().deserialize(value, attr, data, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Supplied | None:
        if isinstance(value, dict) and value.get("resourceType") == _OUTCOME:
            return None
        supplied = super()._deserialize(value, attr, data, **kwargs)
        if supplied and any(_is_failure(entry.resource) for entry in supplied.entries):
            return None
        return supplied


class ReadField(SearchField):
    """The answer to a read of a Patient."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Supplied | None:
        kind = value.get("resourceType") if isinstance(value, dict) else None
        if kind == _OUTCOME:
            return None
        if kind != "Patient":
            raise ValidationError("allowed: a Patient, an OperationOutcome, or null")
        return Supplied((Entry(value),))


def _entries(bundle: dict[str, Any]) -> Iterator[Entry]:
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        raise ValidationError({"entry": ["allowed: an array"]})
    for number, entry in enumerate(listed):
        if not isinstance(entry, dict):
            raise ValidationError({"entry": {number: ["allowed: an object"]}})
        resource = entry.get("resource")
        if resource is None:  # an entry may tell of something without it
            continue
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise ValidationError(
                {"entry": {number: {"resource": ["allowed: a resource with its resourceType"]}}}
            )
        full_url = entry.get("fullUrl")
        yield Entry(resource, full_url if isinstance(full_url, str) else "")


def _has_next(bundle: dict[str, Any]) -> bool:
    links = bundle.get("link")
    return isinstance(links, list) and any(
        isinstance(link, dict) and link.get("relation") == "next" for link in links
    )


def _is_failure(resource: dict[str, Any]) -> bool:
    """An outcome among the results that is more than a warning."""
    issues = resource.get("issue") if resource["resourceType"] == _OUTCOME else None
    return isinstance(issues, list) and any(
        isinstance(issue, dict) and issue.get("severity") in ("fatal", "error") for issue in issues
    )


class PrefetchShape(_Shape):
    patient = ReadField()
    conditions = SearchField()
    medications = SearchField()
    allergies = SearchField()


class AuthorizationShape(_Shape):
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


class ContextShape(_Shape):
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


class CallShape(_Shape):
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


def load(shape: Schema, body: Any) -> Any:
    """What a shape makes of a JSON value; Invalid names each field that it refuses."""
    try:
        return shape.load(body)
    except ValidationError as error:
        issues = [
            Issue("error", "structure", f"`{field or 'body'}`: {told}", (field,) if field else ())
            for field, told in _problems(error.messages, "")
        ]
        first, *more = issues[:_MOST_TOLD]
        raise Invalid(
            first.diagnostics, issue_code=first.code, expression=first.expression, more=more
        ) from None


def _problems(messages: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _problems(inner, _joined(path, name))
    else:
        yield from ((path, str(message)) for message in messages)


def _joined(path: str, name: str | int) -> str:
    if name == "_schema":
        return path
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name
