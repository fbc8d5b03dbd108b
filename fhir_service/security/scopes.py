"""SMART scopes of a system without a user: what a token allows, and what an interaction needs.

https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources

    system/Medication.cruds   c create, r read, u update, d delete, s search; any of them, in this order
    system/*.rs               every type
    system/Medication.read    SMART 1: read is rs, write is cud, * is cruds

Scopes of a patient or a user, and scopes narrowed by search parameters (`?category=...`), are not supported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

ACTIONS = "cruds"
EVERY_TYPE = "*"

# What each interaction needs, in the scopes chapter's words; history of a type or the system is a search.
# Batch and transaction need nothing themselves: each entry is an interaction with needs of its own.
NEEDS: Mapping[str, str] = {
    "capabilities": "",
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "history-type": "s",
    "history-system": "s",
    "search-type": "s",
    "search-system": "s",
    "search-compartment": "s",
    "create": "c",
    "update": "u",
    "patch": "u",
    "delete": "d",
    "batch": "",
    "transaction": "",
    "operation": "rs",
}

_WORDS = {"read": "rs", "write": "cud", "*": ACTIONS}
_SCOPE = re.compile(
    r"system/(?P<type>\*|[A-Z][A-Za-z]*)\.(?P<actions>read|write|\*|(?=.)c?r?u?d?s?)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Some actions on one type, or on every type."""

    type_name: str
    actions: frozenset[str]

    def __str__(self) -> str:
        return f"system/{self.type_name}.{''.join(sorted(self.actions, key=ACTIONS.index))}"


Scopes = tuple[Scope, ...]


@lru_cache(maxsize=32)
def every_type(actions: str) -> Scopes:
    """These actions on every type; no scope at all for no action."""
    return (Scope(EVERY_TYPE, frozenset(actions)),) if actions else ()


def parse_scope(text: str) -> Scope | None:
    """One scope; None for what is not supported here."""
    found = _SCOPE.fullmatch(text)
    if found is None:
        return None
    return Scope(found["type"], frozenset(_WORDS.get(found["actions"], found["actions"])))


def parse_scopes(text: str) -> tuple[Scopes, tuple[str, ...]]:
    """The supported scopes of a space-separated list, and the words that are none."""
    words = {word: parse_scope(word) for word in text.split()}
    known = tuple(scope for scope in words.values() if scope is not None)
    return known, tuple(word for word, scope in words.items() if scope is None)


def allows(scopes: Iterable[Scope], type_name: str, action: str) -> bool:
    """Whether one of the scopes covers the action; no type name means the system, which only `*` covers."""
    return any(action in scope.actions and scope.type_name in (EVERY_TYPE, type_name) for scope in scopes)


@lru_cache(maxsize=256)
def covered_types(scopes: Scopes, type_names: frozenset[str], action: str) -> frozenset[str]:
    """Those of the types on which the scopes allow the action: what a search may look into and include."""
    return frozenset(name for name in type_names if allows(scopes, name, action))


def common(asked: Scopes, granted: Scopes) -> Scopes:
    """What both sides cover: the answer to a client that asks for more than it was registered for."""
    found: dict[str, set[str]] = {}
    for one in asked:
        for other in granted:
            actions = one.actions & other.actions
            type_name = _common_type(one.type_name, other.type_name)
            if actions and type_name is not None:
                found.setdefault(type_name, set()).update(actions)
    return tuple(Scope(type_name, frozenset(actions)) for type_name, actions in found.items())


def _common_type(one: str, other: str) -> str | None:
    if EVERY_TYPE in (one, other):
        return other if one == EVERY_TYPE else one
    return one if one == other else None


def written(scopes: Iterable[Scope]) -> str:
    """The space-separated list, in SMART 2's form."""
    return " ".join(map(str, scopes))
