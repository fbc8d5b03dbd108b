"""What is sent that is not FHIR: the fields it is checked with, and how a wrong one is told.

https://cds-hooks.hl7.org/2.0/#use-of-json

A field is told by its name, never with its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from fhir_service.errors import Invalid, Issue

_MOST_TOLD = 20


class Shape(Schema):
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


def load(shape: Schema, body: Any) -> Any:
    """What a shape makes of a JSON value; Invalid names each field that it refuses."""
    try:
        return shape.load(body)
    except ValidationError as error:
        issues = [
            Issue("error", "structure", f"`{field or 'body'}`: {told}", (field,) if field else ())
            for field, told in _problems(error.messages, "")
        ]
        raise Invalid.of(issues[:_MOST_TOLD]) from None


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
