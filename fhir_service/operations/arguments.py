"""What an operation was given: its parameters from a query or from a Parameters, typed and checked.

https://hl7.org/fhir/R4/operations.html#request

    GET [base]/ValueSet/$expand?url=...            simple parameters, by name
    POST with a Parameters                         all parameters
    POST with any other resource                   the one parameter that takes such a resource
    POST with a query                              simple parameters besides those of the body

A parameter that is not known, not supported, of another type, missing or given too often is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_service.errors import Invalid, Issue, NotSupported, ServiceError
from fhir_service.exchange import Pairs
from fhir_service.operations.declaration import ANY, Input, is_simple
from fhir_service.operations.sent import Sent, sent_in
from fhir_service.releases import Release

Gate = Callable[[Release, dict[str, Any]], Sequence[Issue]]

# JSON has one kind of text for all of these, and clients write one where another is asked for.
_TEXTS = frozenset(
    ("string", "code", "uri", "url", "canonical", "id", "oid", "uuid", "markdown")
    + ("date", "dateTime", "instant", "time")
)
_INTEGERS = frozenset(("integer", "positiveInt", "unsignedInt"))
_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"-?[0-9]{1,10}", re.ASCII)
_WRITTEN = {"boolean": "`true` or `false`"}


@dataclass(frozen=True, slots=True)
class Argument:
    """One value: JSON as FHIR writes it, a resource, or for a parameter with parts their Arguments.

    `type` is what the client said it is, `expression` where it stood.
    """

    value: Any
    type: str
    expression: str


@dataclass(frozen=True, slots=True)
class Arguments:
    """The values by declared name, in the order in which they came."""

    by_name: Mapping[str, tuple[Argument, ...]]

    def __contains__(self, name: str) -> bool:
        return name in self.by_name

    def one(self, name: str) -> Any:
        """The value, or None."""
        found = self.by_name.get(name)
        return found[0].value if found else None

    def all(self, name: str) -> list[Any]:
        return [argument.value for argument in self.by_name.get(name, ())]

    def argument(self, name: str) -> Argument | None:
        """The value with its type and place."""
        found = self.by_name.get(name)
        return found[0] if found else None

    def expression(self, name: str) -> tuple[str, ...]:
        """Where it stood, for an issue; empty when it was not given."""
        return tuple(argument.expression for argument in self.by_name.get(name, ())[:1])


def read_arguments(
    inputs: Sequence[Input],
    release: Release,
    pairs: Pairs,
    body: Mapping[str, Any] | None,
    gate: Gate,
) -> Arguments:
    """The arguments of a request; `body` is its resource, if it brings one.

    :raises Invalid: also with `not-supported` for what is not known
    """
    sent = [Sent(name, "", text, f"http.{name}") for name, text in pairs]
    if body is not None:
        sent += _in_body(body, inputs, release)
    return _matched(sent, inputs, release, gate, "" if body is None else str(body.get("resourceType")))


def _in_body(body: Mapping[str, Any], inputs: Sequence[Input], release: Release) -> Iterator[Sent]:
    kind = body.get("resourceType")
    if kind == "Parameters":
        yield from sent_in(body, release)
        return
    able = [one for one in inputs if one.supported]
    taking = [one for one in able if one.type == kind] or [one for one in able if one.type == "Resource"]
    if len(taking) != 1:
        raise Invalid(
            f"The body is a Parameters, not {f'a {kind}' if kind else 'a resource without resourceType'}.",
            issue_code="structure",
            expression=(str(kind or "Parameters"),),
        )
    yield Sent(taking[0].name, str(kind), body, str(kind))


def _matched(
    sent: Sequence[Sent], inputs: Sequence[Input], release: Release, gate: Gate, missing_at: str
) -> Arguments:
    """The values under their declared names; one that is missing should have stood at `missing_at`."""
    by_any_name = {name: one for one in inputs for name in one.every_name}
    found: dict[str, list[Argument]] = {}
    for one in sent:
        declared = by_any_name.get(one.name)
        if declared is None:
            raise _unknown(one, inputs, release)
        if not declared.supported:
            raise NotSupported(
                f"Parameter `{one.name}` is not supported. {declared.documentation}",
                expression=(one.expression,),
            )
        argument = _typed(one, declared, release, gate)
        if declared.allowed and argument.value not in declared.allowed:
            raise NotSupported(
                f"Parameter `{one.name}` is not supported with `{argument.value}`; allowed:"
                f" {', '.join(declared.allowed)}.",
                expression=(one.expression,),
            )
        found.setdefault(declared.name, []).append(argument)
    for declared in inputs:
        _count(found.get(declared.name, ()), declared, release, missing_at)
    return Arguments({name: tuple(values) for name, values in found.items()})


def _unknown(one: Sent, inputs: Sequence[Input], release: Release) -> NotSupported:
    known = ", ".join(sorted(each.name_for(release.name) for each in inputs if each.supported))
    return NotSupported(
        f"The parameter `{one.name}` is not known here; allowed: {known or 'none'}.",
        expression=(one.expression,),
    )


def _count(values: Sequence[Argument], declared: Input, release: Release, missing_at: str) -> None:
    name = declared.name_for(release.name)
    if len(values) < declared.minimum:
        raise Invalid(
            f"The parameter `{name}` is needed: {declared.documentation}",
            issue_code="required",
            expression=(missing_at or f"http.{name}",),
        )
    if declared.maximum is not None and len(values) > declared.maximum:
        raise Invalid(
            f"The parameter `{name}` may be given {_times(declared.maximum)}, not {len(values)} times.",
            expression=(values[declared.maximum].expression,),
        )


def _times(number: int) -> str:
    return "once" if number == 1 else f"at most {number} times"


def _typed(one: Sent, declared: Input, release: Release, gate: Gate) -> Argument:
    if declared.parts:
        if one.type or not isinstance(one.value, list):
            raise _other_type(one, declared, "parts")
        parts = _matched(one.value, declared.parts, release, gate, one.expression)
        return Argument(parts, "", one.expression)
    if isinstance(one.value, list) and not one.type:
        raise _other_type(one, declared, "one value")
    if one.expression.startswith("http."):
        one = _from_text(one, declared)
    if not _fits(one.type, declared.type, release):
        raise _other_type(one, declared, f"a {declared.type}")
    if declared.type in release.type_names and is_simple(declared.type):
        one = replace(one, type=declared.type)  # checked as what is asked for, whatever the client called it
    if declared.checked:
        _check(one, release, gate)
    return Argument(one.value, one.type, one.expression)


def _from_text(one: Sent, declared: Input) -> Sent:
    """A value of a query: a text, which is read as the declared type."""
    if declared.type == ANY:
        return replace(one, type="string")
    if not is_simple(declared.type):
        raise Invalid(
            f"Parameter `{one.name}` is a {declared.type}: send it by POST, in a Parameters.",
            expression=(one.expression,),
        )
    if one.value == "":
        raise Invalid(f"Parameter `{one.name}` is empty.", expression=(one.expression,))
    value: Any = one.value
    if declared.type == "boolean":
        value = _BOOLEANS.get(one.value)
    elif declared.type in _INTEGERS:
        value = int(one.value) if _INTEGER.fullmatch(one.value) else None
    if value is None:
        raise Invalid(
            f"Parameter `{one.name}` is {_WRITTEN.get(declared.type, 'a whole number')}, not `{one.value}`.",
            issue_code="value",
            expression=(one.expression,),
        )
    return replace(one, value=value, type=declared.type)


def _fits(given: str, declared: str, release: Release) -> bool:
    if declared == ANY or given == declared:
        return True
    if declared == "Resource":
        return given in release.resource_types
    family = next((family for family in (_TEXTS, _INTEGERS) if declared in family), None)
    return family is not None and given in family


def _other_type(one: Sent, declared: Input, wanted: str) -> Invalid:
    given = f"a {one.type}" if one.type else "parts"
    return Invalid(
        f"Parameter `{one.name}` takes {wanted}, not {given}.",
        issue_code="structure",
        expression=(one.expression,),
    )


def _check(one: Sent, release: Release, gate: Gate) -> None:
    """Let the gate look at the value as if it alone were sent; raises Invalid with all that it finds."""
    if one.type in release.resource_types:  # what it was sent as, whatever it looks like
        issues, inner = gate(release, one.value), one.type
    else:
        member = f"value{one.type[:1].upper()}{one.type[1:]}"
        holder = {"resourceType": "Parameters", "parameter": [{"name": one.name, member: one.value}]}
        issues, inner = gate(release, holder), "Parameters.parameter[0]"
    errors = [issue for issue in issues if issue.severity in ("error", "fatal")]
    if errors:
        raise _refused(one, errors, inner)


def _refused(one: Sent, errors: Sequence[Issue], inner: str) -> ServiceError:
    located = [
        replace(
            issue,
            diagnostics=f"Parameter `{one.name}`: {issue.diagnostics}",
            expression=tuple(_placed(expression, inner, one.expression) for expression in issue.expression),
        )
        for issue in errors
    ]
    return Invalid.of(located)


def _placed(expression: str, inner: str, place: str) -> str:
    """Where it stands in what the client sent: `ValueSet.url` is `Parameters.parameter[1].resource.url`."""
    rest = expression.removeprefix(inner)
    if place.startswith("http."):
        return place
    within = (
        f"{place}.resource" if place.startswith("Parameters.") and not inner.startswith("Para") else place
    )
    return within + rest
