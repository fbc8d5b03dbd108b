"""Feedback about cards: checked, and not kept, for nothing about a patient's care is stored here.

https://cds-hooks.hl7.org/2.0/#feedback
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from fhir_service.delivery.cds_hooks.shapes import Shape, Text, Uuid, load
from fhir_service.fhir.dates import date_range

_UTC = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]00:00)", re.ASCII)
_NOT_NULL: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "is required",
    "null": "may not be null",
}


class Moment(Text):
    """https://www.rfc-editor.org/rfc/rfc3339#section-5.6, in UTC"""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            if not _UTC.fullmatch(text):
                raise ValueError
            date_range(text.upper().replace("+00:00", "Z").replace("-00:00", "Z"))
        except ValueError:
            raise ValidationError("allowed: a date and time in UTC, such as 2026-11-25T10:05:31Z") from None
        return text


class AcceptedSuggestionShape(Shape):
    id = Uuid(required=True)


class ReasonShape(Shape):
    code = Text(required=True)
    system = Text()
    display = Text()


class OverrideReasonShape(Shape):
    reason = fields.Nested(ReasonShape, error_messages=_NOT_NULL)
    userComment = Text()

    @validates_schema
    def says_something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("allowed: reason, userComment, or both")


class FeedbackShape(Shape):
    card = Uuid(required=True)
    outcome = Text(
        required=True,
        validate=validate.OneOf(("accepted", "overridden"), error="allowed: accepted, overridden"),
    )
    acceptedSuggestions = fields.List(
        fields.Nested(AcceptedSuggestionShape),
        validate=validate.Length(min=1, error="may not be empty"),
        error_messages={**_NOT_NULL, "invalid": "allowed: an array"},
    )
    overrideReason = fields.Nested(OverrideReasonShape, error_messages=_NOT_NULL)
    outcomeTimestamp = Moment(required=True)

    @validates_schema
    def tells_what_was_accepted(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("outcome") == "accepted" and "acceptedSuggestions" not in data:
            raise ValidationError("is required with the outcome accepted", "acceptedSuggestions")


class FeedbackListShape(Shape):
    feedback = fields.List(
        fields.Nested(FeedbackShape),
        required=True,
        error_messages={**_NOT_NULL, "invalid": "allowed: an array"},
    )


_SHAPE = FeedbackListShape()


def check_feedback(body: Any) -> None:
    """Raise Invalid, naming each field, unless the JSON value is feedback."""
    load(_SHAPE, body)
