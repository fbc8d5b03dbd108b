"""topic.json and publisher.json: what is read is what was written."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from typing import Any

from fhir_service.content.neutral import (
    content_hash,
    dump_neutral,
    publisher_file,
    read_neutral,
    topic_file,
)
from fhir_service.content.publisher import Publisher
from fhir_service.content.source import Sources
from fhir_service.content.topic import NOWHERE, Topic


def without_places(value: Any) -> Any:
    """The value as if every part of it had been written nowhere."""
    if isinstance(value, tuple):
        return tuple(without_places(one) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    held = {field.name: without_places(getattr(value, field.name)) for field in fields(value)}
    return replace(value, **held | ({"where": NOWHERE} if "where" in held else {}))


def test_a_topic_is_read_as_it_was_written(sources: Sources) -> None:
    for topic in sources.topics:
        assert read_neutral(Topic, topic_file(topic)) == without_places(replace(topic, facts=()))


def test_the_publisher_is_read_as_it_was_written(sources: Sources) -> None:
    assert read_neutral(Publisher, publisher_file(sources.publisher)) == without_places(sources.publisher)


def test_what_a_default_says_and_where_it_stood_is_not_written(sources: Sources) -> None:
    topic = replace(sources.topic("ivig-itp"), product=None, finder=(), facts=())
    assert {"product", "finder", "where"}.isdisjoint(json.loads(dump_neutral(topic)))
    assert b'"where"' not in dump_neutral(topic)


def test_the_hash_is_a_name_of_rfc_6920() -> None:
    assert content_hash(b"Hello ", b"World!") == "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"
