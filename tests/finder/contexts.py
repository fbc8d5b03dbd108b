"""Contexts and topics for the tests of the finder: what is built, and invented ones beside it."""

from dataclasses import replace
from typing import Any

from fhir_service.age import MESH, age_group, age_of
from fhir_service.content.published import RESOURCES
from fhir_service.content.topic import Coding, FinderEntry, Topic
from fhir_service.context import Asked, Context
from fhir_service.topics import Topics

BUILT = Topics(RESOURCES)
TOPIC = BUILT.by_slug["ivig-itp"].topic

_SYSTEMS = {system.alias: system.url for system in BUILT.publisher.code_systems}
_SYSTEMS["local"] = BUILT.publisher.canonical("CodeSystem", "ivig-itp-cs")


def coding(written: str) -> Coding:
    """`alias code`, or `system|code`; ` = display` may follow."""
    code, _, display = written.partition(" = ")
    system, mark, value = code.partition("|")
    if not mark:
        alias, _, value = code.partition(" ")
        system = _SYSTEMS[alias]
    return Coding(system, value, display.strip('"') or None)


def asked(written: dict[str, Any]) -> Asked:
    words = written.get("words")
    codings = tuple(coding(code) for code in written.get("codes", ()))
    return Asked(codings=codings, words=() if words is None else (words,))


def context(case: dict[str, Any]) -> Context:
    items = case["asked"] if "asked" in case else [case] if case.keys() & {"codes", "words"} else []
    age = age_of(*map(str, case["age"])) if "age" in case else None
    if "age_group" in case:
        age = age_group(Coding(MESH, case["age_group"]))
    return Context(
        asked=tuple(asked(item) for item in items),
        subtopic=asked(case["subtopic"]) if "subtopic" in case else None,
        age=age,
    )


def about(written: str, **named: Any) -> FinderEntry:
    """An entry that selects: a code as above, or a phrase."""
    is_code = "|" in written
    return FinderEntry(
        coding=coding(written) if is_code else None,
        word=None if is_code else written,
        role=named.pop("role", "about"),
        **named,
    )


def invented(slug: str, *entries: FinderEntry, **changes: Any) -> Topic:
    return replace(TOPIC, slug=slug, finder=entries, **changes)
