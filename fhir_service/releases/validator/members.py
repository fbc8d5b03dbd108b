"""Members: closures that each check one property of an object, built from smaller ones.

https://hl7.org/fhir/R4/json.html

A value's check is wrapped by what else holds where it stands: a binding, targets, rules, an array, a choice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import Element, Release
from . import bindings, primitives
from .findings import (
    CODE_INVALID,
    INVARIANT,
    STRUCTURE,
    VALUE,
    Findings,
    LocalReference,
    Pending,
    Scope,
    json_kind,
)
from .invariants import Rules
from .narrative import narrative_problems
from .references import check_target

Member = Callable[[Any, Findings, dict[str, Any], str], None]
One = Callable[[Any, Findings, dict[str, Any], str, int | None], None]
"""Checks one value; the index says where it stands in an array."""


def nothing(value: Any, findings: Findings, holder: dict[str, Any], name: str) -> None:
    """resourceType: it chose the plan."""


ELEMENT_ID = "element id"


def is_element_id(value: Any) -> bool:
    # Ids of ElementDefinitions hold `:`, `[x]` and `/`: no spaces is all that is demanded of them.
    return type(value) is str and bool(value) and not any(map(str.isspace, value))


def value_of(test: primitives.Accepts, kind: str) -> One:
    def check(
        value: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None = None
    ) -> None:
        if not test(value):
            code, words = primitives.explain(kind, value)
            findings.add(
                code, f"`{name}` {words}" if code == STRUCTURE else f"`{name}`: {words}", holder, name, index
            )

    return check


def code_of(codes: frozenset[str]) -> One:
    def check(
        value: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None = None
    ) -> None:
        if type(value) is not str:
            findings.add(STRUCTURE, f"`{name}` {primitives.explain('code', value)[1]}", holder, name, index)
        elif value not in codes:
            message = f"`{name}`: {bindings.unknown_code(value, codes)}"
            findings.add(CODE_INVALID, message, holder, name, index)

    return check


def local_value(test: primitives.Accepts, kind: str, must_resolve: bool) -> One:
    """A value that may be `#id`: what it points to is looked up when the whole resource has been walked."""
    plain = value_of(test, kind)

    def check(
        value: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None = None
    ) -> None:
        plain(value, findings, holder, name, index)
        if type(value) is str and value[:1] == "#":
            findings.scope.local.append(
                _local_reference(value, findings.scope, holder, name, index, must_resolve)
            )

    return check


def _local_reference(
    value: str, scope: Scope, holder: dict[str, Any], name: str, index: int | None, must_resolve: bool
) -> LocalReference:
    # `#` alone is the container: it stands for something only in what is contained.
    is_container = value == "#" and scope.resource is not scope.root
    return LocalReference(value, holder, name if must_resolve and not is_container else None, index)


def narrative(
    value: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None = None
) -> None:
    if type(value) is not str or not value:
        findings.add(STRUCTURE, f"`{name}` {primitives.explain('xhtml', value)[1]}", holder, name, index)
        return
    for key, message in narrative_problems(value):
        findings.add(INVARIANT, f"{key}: {message}", holder, name, index)


def outer_extension(own: One) -> One:
    """An extension that is not within one: only there may the url be relative."""

    def check(
        value: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None = None
    ) -> None:
        own(value, findings, holder, name, index)
        url = value.get("url") if type(value) is dict else None
        if type(url) is str and ":" not in url:
            findings.add(VALUE, f"`url` of an extension must be an absolute URL, not `{url}`", value, "url")

    return check


def bound(own: One, codings: bindings.Codings) -> One:
    def check(
        value: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None = None
    ) -> None:
        own(value, findings, holder, name, index)
        bindings.check_codings(value, codings, findings, holder, name, index)

    return check


def targeted(own: One, allowed: frozenset[str], release: Release, is_codeable: bool) -> One:
    def check(
        value: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None = None
    ) -> None:
        own(value, findings, holder, name, index)
        if not is_codeable:
            check_target(value, allowed, release, findings, holder, name, index)
        elif type(value) is dict and "reference" in value:
            check_target(value["reference"], allowed, release, findings, value, "reference", None)

    return check


def with_rules(own: One, rules: Rules, kind: str) -> One:
    def check(
        value: Any, findings: Findings, holder: dict[str, Any], name: str, index: int | None = None
    ) -> None:
        own(value, findings, holder, name, index)
        scope = findings.scope
        findings.pending.append(
            Pending(rules, kind, value, None, scope.resource, scope.root, holder, name, index)
        )

    return check


def single(own: One) -> Member:
    # `own` takes the same arguments; an array is not one value, which it says itself.
    return own  # type: ignore[return-value]


def repeated(own: One, element: Element, is_primitive: bool) -> Member:
    most = element.max

    def check(values: Any, findings: Findings, holder: dict[str, Any], name: str) -> None:
        if type(values) is not list:
            findings.add(
                STRUCTURE, f"`{name}` repeats: it must be an array, not {json_kind(values)}", holder, name
            )
            return
        if not values:
            findings.add(STRUCTURE, f"`{name}` must not be an empty array", holder, name)
        elif most is not None and len(values) > most:
            findings.add(
                STRUCTURE, f"`{name}` may have {most} values at most, not {len(values)}", holder, name
            )
        for index, value in enumerate(values):
            if value is None and is_primitive and _has_sibling(holder, name, index):
                continue
            own(value, findings, holder, name, index)

    return check


def _has_sibling(holder: dict[str, Any], name: str, index: int) -> bool:
    siblings = holder.get(f"_{name}")
    return type(siblings) is list and index < len(siblings) and siblings[index] is not None


def has_value(holder: dict[str, Any], name: str, index: int | None) -> bool:
    value = holder.get(name)
    if index is None or type(value) is not list:
        return value is not None
    return index < len(value) and value[index] is not None


def sibling(check: One, repeats: bool) -> Member:
    """The `_name` beside a primitive: an object with id and extensions, or an array of them and null."""

    def check_one(value: Any, findings: Findings, holder: dict[str, Any], name: str) -> None:
        check(value, findings, holder, name, None)

    def check_each(values: Any, findings: Findings, holder: dict[str, Any], name: str) -> None:
        if type(values) is not list:
            findings.add(
                STRUCTURE, f"`{name}` repeats: it must be an array, not {json_kind(values)}", holder, name
            )
            return
        beside = holder.get(name[1:])
        length = len(beside) if type(beside) is list else None
        if not values or (length is not None and len(values) > length):
            findings.add(
                STRUCTURE, f"`{name}` must be as long as `{name[1:]}`, with null to fill", holder, name
            )
        for index, value in enumerate(values):
            if value is not None:
                check(value, findings, holder, name, index)
            elif length is None:
                findings.add(
                    STRUCTURE, f"`{name}` has null where `{name[1:]}` has no value", holder, name, index
                )

    return check_each if repeats else check_one


def only_choice(member: Member, group: frozenset[str]) -> Member:
    """One member of a choice: there must be no other."""

    def check(value: Any, findings: Findings, holder: dict[str, Any], name: str) -> None:
        if len(holder) > 1:
            base = name.lstrip("_")
            for other in holder:
                if other in group and other != name and other.lstrip("_") != base:
                    # Said once, at the second of the two.
                    if any(key == other for key in _before(holder, name)):
                        findings.add(
                            STRUCTURE, f"only one of `{other}` and `{name}` may be there", holder, name
                        )
                    break
        member(value, findings, holder, name)

    return check


def _before(holder: dict[str, Any], name: str) -> list[str]:
    names = list(holder)
    return names[: names.index(name)]
