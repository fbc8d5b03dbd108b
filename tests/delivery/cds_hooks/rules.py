"""The published rules of discovery and response, as tables, and what this service promises on top of them.

https://cds-hooks.hl7.org/2.0/ (the tables of its attributes) and the invariants cds-resp-1 to cds-resp-6 of
https://github.com/HL7/cds-hooks
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fhir_service.releases import RELEASES
from fhir_service.releases.validator import validator


@dataclass(frozen=True)
class Member:
    """What one member of an object must be; `of` names the table of the objects in it."""

    kind: type
    required: bool = False
    of: str | None = None


R = True

TABLES: Mapping[str, Mapping[str, Member]] = {
    "discovery": {"services": Member(list, R, "service")},
    "service": {
        "hook": Member(str, R),
        "title": Member(str),
        "description": Member(str, R),
        "id": Member(str, R),
        "prefetch": Member(dict),
        "usageRequirements": Member(str),
    },
    "response": {"cards": Member(list, R, "card"), "systemActions": Member(list, of="action")},
    "card": {
        "uuid": Member(str),
        "summary": Member(str, R),
        "detail": Member(str),
        "indicator": Member(str, R),
        "source": Member(dict, R, "source"),
        "suggestions": Member(list, of="suggestion"),
        "selectionBehavior": Member(str),
        "overrideReasons": Member(list, of="coding"),
        "links": Member(list, of="link"),
    },
    "source": {
        "label": Member(str, R),
        "url": Member(str),
        "icon": Member(str),
        "topic": Member(dict, of="coding"),
    },
    "coding": {"system": Member(str), "code": Member(str, R), "display": Member(str)},
    "suggestion": {
        "label": Member(str, R),
        "uuid": Member(str),
        "isRecommended": Member(bool),
        "actions": Member(list, of="action"),
    },
    "action": {
        "type": Member(str, R),
        "description": Member(str),
        "resource": Member(dict),
        "resourceId": Member(str),
    },
    "link": {
        "label": Member(str, R),
        "url": Member(str, R),
        "type": Member(str, R),
        "appContext": Member(str),
        "autolaunchable": Member(bool),
    },
}

MAY_BE_EMPTY = frozenset(("services", "cards"))

Check = Callable[[Mapping[str, Any]], bool]


def _absolute(url: Any) -> bool:
    return isinstance(url, str) and urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).netloc)


def _recommended(card: Mapping[str, Any]) -> int:
    return sum(one.get("isRecommended") is True for one in card.get("suggestions", ()))


# (id, object, what is said, the check); cds-resp-N is the published invariant of that name.
RULES: tuple[tuple[str, str, str, Check], ...] = (
    ("summary", "card", "is shorter than 140 characters", lambda it: len(it["summary"]) < 140),
    ("indicator", "card", "is one of three", lambda it: it["indicator"] in ("info", "warning", "critical")),
    (
        "selection",
        "card",
        "behaves as at-most-one or any",
        lambda it: it.get("selectionBehavior", "any") in ("at-most-one", "any"),
    ),
    (
        "cds-resp-1",
        "card",
        "recommends one at most where one can be chosen",
        lambda it: it.get("selectionBehavior") != "at-most-one" or _recommended(it) <= 1,
    ),
    (
        "cds-resp-2",
        "action",
        "deletes by resourceId alone",
        lambda it: it["type"] != "delete" or ("resourceId" in it and "resource" not in it),
    ),
    (
        "cds-resp-3",
        "link",
        "has appContext for smart apps only",
        lambda it: it["type"] == "smart" or "appContext" not in it,
    ),
    (
        "cds-resp-4",
        "card",
        "gives each override reason a display",
        lambda it: all("display" in reason for reason in it.get("overrideReasons", ())),
    ),
    (
        "cds-resp-5",
        "suggestion",
        "describes each action",
        lambda it: all("description" in action for action in it.get("actions", ())),
    ),
    (
        "cds-resp-6",
        "card",
        "says how its suggestions are selected",
        lambda it: "suggestions" not in it or "selectionBehavior" in it,
    ),
    (
        "action-type",
        "action",
        "creates, updates or deletes",
        lambda it: it["type"] in ("create", "update", "delete"),
    ),
    (
        "action-resource",
        "action",
        "has the resource that it writes",
        lambda it: it["type"] == "delete" or "resource" in it,
    ),
    ("link-type", "link", "is absolute or smart", lambda it: it["type"] in ("absolute", "smart")),
    ("link-url", "link", "has an absolute URL", lambda it: _absolute(it["url"])),
    (
        "source-url",
        "source",
        "has absolute URLs",
        lambda it: all(_absolute(it[n]) for n in ("url", "icon") if n in it),
    ),
)

# What the issue promises beyond the specification.
PROMISES: tuple[tuple[str, str, str, Check], ...] = (
    ("info", "card", "is info", lambda it: it["indicator"] == "info"),
    (
        "link",
        "card",
        "links the education page",
        lambda it: len(it["links"]) == 1 and "/topics/" in it["links"][0]["url"],
    ),
    ("absolute", "link", "is absolute", lambda it: it["type"] == "absolute"),
    ("named", "card", "can be named in feedback", lambda it: "uuid" in it),
    (
        "review",
        "card",
        "says whether a clinician reviewed the page",
        lambda it: "eviewed by a clinician" in it["detail"],
    ),
    ("any", "card", "lets any suggestion be chosen", lambda it: it.get("selectionBehavior", "any") == "any"),
    ("recommends-nothing", "suggestion", "is not recommended", lambda it: not it.get("isRecommended")),
    ("one-action", "suggestion", "has one action", lambda it: len(it["actions"]) == 1),
    ("creates", "action", "creates a draft", lambda it: it["type"] == "create"),
    ("proposal", "action", "proposes a draft", lambda it: _is_proposal(it["resource"])),
    ("valid", "action", "has a resource that a release takes", lambda it: _is_valid(it["resource"])),
)

_DRAFT_MEMBERS = {"resourceType", "status", "intent", "subject", "note"}


def _is_proposal(resource: Mapping[str, Any]) -> bool:
    """A draft with nothing in it but the medicine, whom it is for, and the note."""
    rest = set(resource) - _DRAFT_MEMBERS
    return (
        resource["resourceType"] == "MedicationRequest"
        and (resource["status"], resource["intent"]) == ("draft", "proposal")
        and rest in ({"medicationCodeableConcept"}, {"medication"})
    )


def _is_valid(resource: Mapping[str, Any]) -> bool:
    releases = ("r5",) if "medication" in resource else ("r4", "r4b")
    return not any(validator(RELEASES[name]).validate(resource) for name in releases)


def broken_rules(answer: Any, table: str) -> list[str]:
    """What an answer breaks, each as `path: rule`; `table` is discovery or response."""
    return list(_broken(answer, table, table))


def _broken(value: Any, table: str, path: str) -> Iterator[str]:
    shape = list(_misshapen(value, TABLES[table], path))
    yield from shape
    if shape:
        return
    for rules in (RULES, PROMISES):
        broken = [
            f"{path}: {rule}: it {told}"
            for rule, of, told, check in rules
            if of == table and not check(value)
        ]
        yield from broken
        if broken:  # what we promise is written for an answer that is by the rules
            break
    for name, member in TABLES[table].items():
        if member.of and name in value:
            yield from _broken_below(value[name], member.of, f"{path}.{name}")


def _broken_below(held: Any, table: str, path: str) -> Iterator[str]:
    if isinstance(held, list):
        for number, one in enumerate(held):
            yield from _broken(one, table, f"{path}[{number}]")
    else:
        yield from _broken(held, table, path)


def _misshapen(value: Any, table: Mapping[str, Member], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: is no object"
        return
    for name in table:
        if table[name].required and name not in value:
            yield f"{path}.{name}: is required"
    for name, held in value.items():
        if name not in table:
            yield f"{path}.{name}: is not defined"
        elif type(held) is not table[name].kind:
            yield f"{path}.{name}: is no {table[name].kind.__name__}"
        elif held in ("", [], {}) and name not in MAY_BE_EMPTY:
            yield f"{path}.{name}: is empty"
