"""One criterion of a query, `name=value`, as a predicate: modifiers, chains, reverse chains, composites.

https://hl7.org/fhir/R4/search.html#modifiers, #chaining and #has

    criterion     = name [":" modifier] "=" value {"," value}
    chain         = name [":" Type] "." criterion
    reverse chain = "_has:" Type ":" reference ":" criterion
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fhir_service.errors import Invalid, NotSupported
from fhir_service.fhir.dates import date_range
from fhir_service.search import full_text
from fhir_service.search.contained import MARK, of_contained
from fhir_service.search.definitions import (
    FULL_TEXT,
    MEMBERSHIPS,
    OWN_COLUMNS,
    SearchParameter,
    SearchParameters,
)
from fhir_service.search.param_types import PARAM_TYPES, Context, kind_of
from fhir_service.search.param_types.prefixes import split_prefix
from fhir_service.search.predicates import (
    Compare,
    Everything,
    Indexed,
    Key,
    Not,
    Own,
    Predicate,
    Referred,
    Refers,
    Together,
    any_of,
)
from fhir_service.search.values import split, unescape

# How many links a chain may have; each one is a join.
MAXIMUM_DEPTH = 8

# Modifiers that turn the answer around, with what they turn around.
_NEGATED = {"not": None, "not-in": "in"}


_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


class UnknownParameter(NotSupported):
    """A parameter that the type does not have: refused, or with lenient handling left out."""


@dataclass(frozen=True)
class Reader:
    """Reads criteria of one release; `types` are those that are served."""

    parameters: SearchParameters
    context: Context
    types: frozenset[str]

    def criterion(self, name: str, text: str, type_name: str, depth: int = 0) -> Predicate:
        """Raises Invalid for a bad value, UnknownParameter and NotSupported for what is not known or done."""
        if depth > MAXIMUM_DEPTH:
            raise NotSupported(f"A chain has at most {MAXIMUM_DEPTH} links", issue_code="too-costly")
        if name.startswith("_has:"):
            return self._reverse_chain(name, text, type_name, depth)
        head, dot, rest = name.partition(".")
        code, _, modifier = head.partition(":")
        if (dot or modifier) and (code in FULL_TEXT or code in MEMBERSHIPS):
            raise NotSupported(f"`{code}` takes neither a modifier nor a chain")
        if code in FULL_TEXT:
            return any_of(full_text.read_text(code, unescape(value), type_name) for value in split(text, ","))
        if code in MEMBERSHIPS:
            return self._membership(code, text, type_name)
        parameter = self.parameter(code, type_name)
        if dot:
            return self._chain(parameter, modifier, rest, text, depth)
        return self._plain(parameter, modifier, text)

    def parameter(self, code: str, type_name: str) -> SearchParameter:
        known = self.parameters.for_type(type_name)
        if code not in known:
            if code in self.parameters.pending(type_name):
                # Not left out either when handling is lenient: soon the same query would mean something else.
                raise NotSupported(
                    f"The search parameter `{code}` of {type_name} is new, and not all resources are indexed"
                    " by it yet: it becomes available after `fhir-service db reindex`."
                )
            if reason := self.parameters.why_not(type_name, code):
                raise UnknownParameter(f"`{code}` of {type_name} cannot be searched by here: {reason}.")
            raise UnknownParameter(_unknown(code, type_name, known))
        return known[code]

    # One value after the other

    def _plain(self, parameter: SearchParameter, modifier: str, text: str) -> Predicate:
        alternatives = split(text, ",")
        if not all(alternatives):
            raise Invalid(f"Parameter `{parameter.code}` has an empty value")
        if modifier == "missing":
            return _missing(parameter, text)
        positive = _NEGATED.get(modifier) if modifier in _NEGATED else modifier
        read = self._value_reader(parameter, positive or None, modifier)
        matched = any_of(read(value) for value in alternatives)
        return Not(matched) if modifier in _NEGATED else matched

    def _value_reader(
        self, parameter: SearchParameter, modifier: str | None, written: str
    ) -> Callable[[str], Predicate]:
        if written and written not in (allowed := self._modifiers(parameter)):
            raise _unknown_modifier(parameter, written, allowed)
        if parameter.code in OWN_COLUMNS:
            return _id if parameter.code == "_id" else self._last_updated
        if parameter.type == "composite":
            return lambda text: self._composite(parameter, text)
        kind = kind_of(parameter)
        # Tokens and quantities split at their own bars, and so unescape for themselves.
        if parameter.type in ("token", "quantity"):
            return lambda text: kind.predicate(parameter, modifier, text, self.context)
        return lambda text: kind.predicate(parameter, modifier, unescape(text), self.context)

    @staticmethod
    def _modifiers(parameter: SearchParameter) -> tuple[str, ...]:
        if parameter.code in OWN_COLUMNS:
            return ("not", "missing") if parameter.code == "_id" else ("missing",)
        if parameter.type == "composite":
            return ("missing",)
        return (*kind_of(parameter).modifiers(parameter), "missing")

    def _composite(self, composite: SearchParameter, text: str) -> Predicate:
        parts = split(text, "$")
        if len(parts) != len(composite.components):
            raise Invalid(
                f"Parameter `{composite.code}` takes {len(composite.components)} values joined by `$`,"
                f" not {len(parts)}"
            )
        leaves: list[Indexed] = []
        for position, part in enumerate(parts):
            component = self.parameters.component(composite, position)
            leaf = self._value_reader(component, None, "")(part)
            assert isinstance(leaf, Indexed), "one value without a modifier is one leaf"
            leaves.append(leaf)
        return Together(tuple(leaves))

    def _last_updated(self, text: str) -> Predicate:
        return _last_updated(text, self.context.now)

    # From resource to resource

    def _chain(self, parameter: SearchParameter, target: str, rest: str, text: str, depth: int) -> Predicate:
        if parameter.type != "reference":
            raise Invalid(f"`{parameter.code}` is no reference: nothing can be chained to it")
        targets = self._targets(parameter, target)
        found, refusals = [], []
        for type_name in targets:
            try:
                item = self.criterion(rest, text, type_name, depth + 1)
            except UnknownParameter as refusal:
                refusals.append(refusal)
                continue
            found.append(self._link(parameter, type_name, item))
        if not found:
            raise refusals[0]
        return any_of(found)

    def _targets(self, parameter: SearchParameter, target: str) -> Sequence[str]:
        possible = [name for name in parameter.targets if name in self.types] or sorted(self.types)
        if not target:
            return possible
        if target not in possible:
            raise Invalid(
                f"Parameter `{parameter.code}` does not lead to `{target}` here, but to {', '.join(possible)}"
            )
        return [target]

    def _link(self, parameter: SearchParameter, target: str, item: Predicate) -> Predicate:
        outside = Refers(parameter.key, target, item, self._canonical_key(parameter, target))
        # "A chained condition will be evaluated inside contained resources."
        return any_of((outside, Refers(parameter.key, MARK + target, of_contained(item, target))))

    def _canonical_key(self, parameter: SearchParameter, target: str) -> Key | None:
        """Where the URLs are kept by which the parameter may refer to resources of the type."""
        by_url = parameter.is_canonical and "url" in self.parameters.for_type(target)
        return (target, "url") if by_url else None

    def _reverse_chain(self, name: str, text: str, type_name: str, depth: int) -> Predicate:
        parts = name.split(":", 3)
        if len(parts) != 4 or not parts[3]:
            raise Invalid(f"`{name}` is incomplete: write `_has:Type:reference:parameter=value`")
        _, source, code, rest = parts
        if source not in self.types:
            raise Invalid(f"`{name}`: `{source}` is no resource type that is served here")
        parameter = self.parameter(code, source)
        if parameter.type != "reference":
            raise Invalid(f"`{name}`: `{code}` of {source} is no reference")
        if parameter.targets and type_name not in parameter.targets:
            raise Invalid(f"`{name}`: `{code}` of {source} does not lead to {type_name}")
        item = self.criterion(rest, text, source, depth + 1)
        return Referred(source, parameter.key, type_name, item, self._canonical_key(parameter, type_name))

    def _membership(self, code: str, text: str, type_name: str) -> Predicate:
        """What a resource holds: `_list=42`, and in R5 `_in=Group/42`."""
        holders = {name: held for name, held in MEMBERSHIPS[code].items() if name in self.types}
        if code == "_in" and self.parameters.release.name != "r5":
            raise UnknownParameter(_unknown(code, type_name, self.parameters.for_type(type_name)))
        if not holders:
            wanted = " or ".join(MEMBERSHIPS[code])
            raise NotSupported(f"`{code}` needs resources of type {wanted}, which are not served here")
        found: list[Predicate] = []
        for value in split(text, ","):
            holder, slash, logical_id = value.rpartition("/")
            if value.startswith("$"):
                raise NotSupported(f"`{code}={value}`: lists that are worked out are not kept here")
            if slash and holder not in holders:
                raise Invalid(f"`{code}={value}`: name one of {', '.join(holders)}")
            for name in [holder] if slash else holders:
                found.append(Referred(name, (name, holders[name]), type_name, _id(logical_id, code)))
        return any_of(found)


def _missing(parameter: SearchParameter, text: str) -> Predicate:
    if text not in ("true", "false"):
        raise Invalid(f"`{parameter.code}:missing` is `true` or `false`, not `{text}`")
    present: Predicate
    if parameter.code in OWN_COLUMNS:
        present = Everything()
    elif parameter.components:
        # The first component's rows stand for the whole: its own type is not needed to ask for any row.
        present = any_of(
            Indexed(kind, (parameter.type_name, f"{parameter.code}$1"), ()) for kind in PARAM_TYPES
        )
    else:
        present = Indexed(parameter.table, parameter.key, ())
    return Not(present) if text == "true" else present


def _unknown_modifier(parameter: SearchParameter, modifier: str, allowed: Sequence[str]) -> NotSupported:
    names = ", ".join(f"`:{name}`" for name in allowed)
    return NotSupported(
        f"Modifier `:{modifier}` is not supported on `{parameter.code}`, a parameter of type"
        f" {parameter.type}; supported: {names}"
    )


def _id(text: str, code: str = "_id") -> Predicate:
    if not _ID.fullmatch(text):
        raise Invalid(
            f"Parameter `{code}`: `{text}` is not a logical id; allowed: 1 to 64 of A-Z a-z 0-9 - ."
        )
    return Own((Compare("logical_id", "eq", text),))


def _last_updated(text: str, now: int) -> Predicate:
    prefix, date = split_prefix(text)
    try:
        low, high = date_range(date)
    except ValueError as error:
        raise Invalid(f"Parameter `_lastUpdated`: {error}") from None
    # The time of an update is a point, so several prefixes come to the same.
    margin = max(0, low - now, now - high) // 10 if prefix == "ap" else 0
    after, before = Compare("last_updated", "ge", low - margin), Compare("last_updated", "lt", high + margin)
    beyond, earlier = Compare("last_updated", "ge", high), Compare("last_updated", "lt", low)
    tests: Mapping[str, tuple[Compare, ...]] = {
        "gt": (beyond,),
        "sa": (beyond,),
        "lt": (earlier,),
        "eb": (earlier,),
        "ge": (after,),
        "le": (before,),
    }
    found = Own(tests.get(prefix, (after, before)))
    return Not(found) if prefix == "ne" else found


def _unknown(code: str, type_name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(code, names, n=3)
    advice = f"Did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else ""
    sentences = (f"{type_name} has no search parameter `{code}` here.", advice, f"Known: {', '.join(names)}.")
    return " ".join(filter(None, sentences))
