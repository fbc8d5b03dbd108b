"""A topic, or the publisher, as one JSON file in no release of FHIR: what the doors beside FHIR read.

https://www.rfc-editor.org/rfc/rfc6920 (the name of their content)

A dataclass is written as an object of its fields; what a field's default says anyway is left out, and so is
the line of the source it was written on. Reading needs no schema: the build wrote it, and the hashes of the
build tell whether anybody has touched it since.
"""

from __future__ import annotations

import base64
import hashlib
import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from .publisher import Publisher
from .topic import NOWHERE, Topic

TOPIC_FILE = "topic.json"
PUBLISHER_FILE = "publisher.json"

T = TypeVar("T")

_WHERE = "where"


def topic_file(topic: Topic) -> bytes:
    """The topic without what only the rules need: how its facts are recognised."""
    return dump_neutral(replace(topic, facts=()))


def publisher_file(publisher: Publisher) -> bytes:
    return dump_neutral(publisher)


def content_hash(topic: bytes, publisher: bytes) -> str:
    """The name of everything that a topic says and shows, at whichever door, from the two files.

    https://www.rfc-editor.org/rfc/rfc6920#section-3
    """
    digest = hashlib.sha256(topic + publisher).digest()
    return f"ni:///sha-256;{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def dump_neutral(value: Any) -> bytes:
    """The file of one dataclass: UTF-8, two spaces, the order of the fields."""
    return (json.dumps(_plain(value), indent=2, ensure_ascii=False) + "\n").encode()


def read_neutral(kind: type[T], content: bytes) -> T:
    """The dataclass that `dump_neutral` has written."""
    value: T = _made(kind, json.loads(content))
    return value


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        held = ((field, getattr(value, field.name)) for field in fields(value) if field.name != _WHERE)
        return {field.name: _plain(one) for field, one in held if not _is_default(field, one)}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value


def _is_default(field: Field[Any], value: Any) -> bool:
    if field.default is not MISSING:
        return bool(value == field.default)
    return field.default_factory is not MISSING and bool(value == field.default_factory())


def _made(kind: Any, plain: Any) -> Any:
    """The value that is written as `plain`, by the type hint of the field that holds it."""
    origin = get_origin(kind)
    if origin is tuple:
        return tuple(_made(get_args(kind)[0], one) for one in plain)
    if origin in (Union, types.UnionType):
        return None if plain is None else _made(_fitting(kind, plain), plain)
    if not is_dataclass(kind):
        return plain
    hints = _hints(cast(type, kind))
    given = {name: _made(hints[name], one) for name, one in plain.items()}
    return kind(**({_WHERE: NOWHERE} if _WHERE in hints else {}), **given)  # type: ignore[operator]


def _fitting(kind: Any, plain: Any) -> Any:
    """The member of a union that has all the fields that were written."""
    members = [member for member in get_args(kind) if member is not type(None)]
    if len(members) == 1:
        return members[0]
    return next(member for member in members if set(plain) <= set(_hints(member)))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
