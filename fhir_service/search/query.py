"""A search request as a value: the predicate, the page asked for, and what was really applied.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fhir_service.errors import Invalid, Issue, NotSupported
from fhir_service.fhir.dates import date_range
from fhir_service.search.definitions import OWN_COLUMNS, SearchParameter, SearchParameters
from fhir_service.search.paging import Cursor, decode_cursor
from fhir_service.search.param_types import PARAM_TYPES, Context
from fhir_service.search.param_types.prefixes import split_prefix
from fhir_service.search.predicates import (
    And,
    Compare,
    Indexed,
    Not,
    Own,
    Predicate,
    Together,
    all_of,
    any_of,
)
from fhir_service.search.values import split, unescape

DEFAULT_COUNT = 20
MAXIMUM_COUNT = 1000

# A query is bounded, so that one request cannot occupy a worker for long.
MAXIMUM_VALUES = 200

CURSOR_PARAMETER = "_page"
RESULT_PARAMETERS = ("_count", "_total", CURSOR_PARAMETER)
TOTAL_MODES = ("none", "estimate", "accurate")


@dataclass(frozen=True)
class Query:
    """`applied` are the pairs that the self link lists, `issues` go into an outcome entry."""

    type_name: str
    predicate: Predicate
    count: int = DEFAULT_COUNT
    cursor: Cursor | None = None
    total: str = "none"
    applied: tuple[tuple[str, str], ...] = ()
    issues: tuple[Issue, ...] = field(default=())


def parse_query(
    pairs: Iterable[tuple[str, str]],
    type_name: str,
    parameters: SearchParameters,
    *,
    strict: bool = True,
    context: Context | None = None,
) -> Query:
    """Read the decoded name and value pairs of a query string or form.

    Raises Invalid for a bad value and NotSupported for a parameter or modifier that is not known; with
    `strict` off an unknown parameter is left out, and said in `issues`.
    """
    context = context or Context()
    known = parameters.for_type(type_name)
    result: dict[str, str] = {}
    predicates: list[Predicate] = []
    applied: list[tuple[str, str]] = []
    issues: list[Issue] = []
    values = 0
    for name, text in pairs:
        code, _, modifier = name.partition(":")
        if name in RESULT_PARAMETERS:
            if name in result:
                raise Invalid(f"Parameter `{name}` was given twice", expression=[f"http.{name}"])
            result[name] = text
            continue
        parameter = known.get(code)
        if parameter is None:
            unknown = _unknown(code, type_name, known)
            if strict:
                raise NotSupported(unknown, expression=[f"http.{code}"])
            issues.append(Issue("warning", "not-supported", unknown + " It was ignored.", (f"http.{code}",)))
            continue
        alternatives = split(text, ",")
        values += len(alternatives)
        if values > MAXIMUM_VALUES:
            raise NotSupported(
                f"A search takes at most {MAXIMUM_VALUES} values in all", issue_code="too-costly"
            )
        predicates.append(_predicate(parameter, modifier or None, alternatives, parameters, context))
        applied.append((name, text))
    count = _count(result.get("_count"))
    if "_count" in result:
        applied.append(("_count", str(count)))
    if "_total" in result:
        applied.append(("_total", result["_total"]))
    return Query(
        type_name=type_name,
        predicate=all_of(predicates),
        count=count,
        cursor=decode_cursor(result[CURSOR_PARAMETER]) if CURSOR_PARAMETER in result else None,
        total=_total(result.get("_total")),
        applied=tuple(applied),
        issues=tuple(issues),
    )


def _predicate(
    parameter: SearchParameter,
    modifier: str | None,
    alternatives: Sequence[str],
    parameters: SearchParameters,
    context: Context,
) -> Predicate:
    negated = modifier == "not"
    read = _reader(parameter, modifier, parameters, context)
    found = []
    for text in alternatives:
        if not text:
            raise Invalid(
                f"Parameter `{parameter.code}` has an empty value", expression=[f"http.{parameter.code}"]
            )
        try:
            found.append(read(text))
        except Invalid as error:
            raise Invalid(str(error), expression=[f"http.{parameter.code}"]) from None
    matched = any_of(found)
    return Not(matched) if negated else matched


def _reader(
    parameter: SearchParameter, modifier: str | None, parameters: SearchParameters, context: Context
) -> Callable[[str], Predicate]:
    if parameter.code in OWN_COLUMNS or parameter.type == "composite":
        _refuse_modifier(parameter, modifier, ())
        if parameter.type == "composite":
            return lambda text: _composite(parameter, text, parameters, context)
        return _logical_id if parameter.code == "_id" else lambda text: _last_updated(text, context.now)
    kind = PARAM_TYPES[parameter.type]
    _refuse_modifier(parameter, modifier, kind.MODIFIERS)
    # A token, a quantity and a reference split at their own bars, and so unescape for themselves.
    if parameter.type in ("token", "quantity"):
        return lambda text: kind.predicate(parameter, modifier, text, context)
    return lambda text: kind.predicate(parameter, modifier, unescape(text), context)


def _refuse_modifier(parameter: SearchParameter, modifier: str | None, allowed: Sequence[str]) -> None:
    if modifier is None or modifier in allowed:
        return
    names = ", ".join(f"`:{name}`" for name in allowed) or "none"
    raise NotSupported(
        f"Modifier `:{modifier}` is not supported on `{parameter.code}`, a parameter of type "
        f"{parameter.type}; supported: {names}",
        expression=[f"http.{parameter.code}"],
    )


def _composite(
    composite: SearchParameter, text: str, parameters: SearchParameters, context: Context
) -> Predicate:
    parts = split(text, "$")
    if len(parts) != len(composite.components):
        raise Invalid(
            f"Parameter `{composite.code}` takes {len(composite.components)} values joined by `$`,"
            f" not {len(parts)}"
        )
    leaves: list[Indexed] = []
    for position, part in enumerate(parts):
        component = parameters.component(composite, position)
        leaf = _reader(component, None, parameters, context)(part)
        assert isinstance(leaf, Indexed), (
            "every search parameter type that a composite may hold gives one leaf"
        )
        leaves.append(leaf)
    return Together(tuple(leaves))


def _logical_id(text: str) -> Predicate:
    return Own((Compare("logical_id", "eq", text),))


def _last_updated(text: str, now: int) -> Predicate:
    prefix, date = split_prefix(text)
    try:
        low, high = date_range(date)
    except ValueError as error:
        raise Invalid(f"Parameter `_lastUpdated`: {error}") from None
    column = "last_updated"
    match prefix:
        case "ne":
            return Not(And((Own((Compare(column, "ge", low), Compare(column, "lt", high))),)))
        case "gt" | "sa":
            return Own((Compare(column, "ge", high),))
        case "lt" | "eb":
            return Own((Compare(column, "lt", low),))
        case "ge":
            return Own((Compare(column, "ge", low),))
        case "le":
            return Own((Compare(column, "lt", high),))
        case "ap":
            margin = max(0, low - now, now - high) // 10
            return Own((Compare(column, "ge", low - margin), Compare(column, "lt", high + margin)))
        case _:
            return Own((Compare(column, "ge", low), Compare(column, "lt", high)))


def _count(text: str | None) -> int:
    if text is None:
        return DEFAULT_COUNT
    if not (text.isascii() and text.isdigit()):
        raise Invalid(
            f"Parameter `_count` takes a whole number from 0 to {MAXIMUM_COUNT}, not `{text}`",
            expression=["http._count"],
        )
    # The specification lets a server give fewer than was asked for; the self link says how many.
    return min(int(text), MAXIMUM_COUNT)


def _total(text: str | None) -> str:
    if text is None:
        return "none"
    if text not in TOTAL_MODES:
        raise Invalid(
            f"Parameter `_total` is one of {', '.join(TOTAL_MODES)}, not `{text}`", expression=["http._total"]
        )
    return text


def _unknown(code: str, type_name: str, known: Mapping[str, SearchParameter]) -> str:
    near = difflib.get_close_matches(code, known, n=3)
    advice = f"Did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else ""
    allowed = ", ".join([*known, *RESULT_PARAMETERS[:2]])
    return " ".join(
        filter(None, (f"{type_name} has no search parameter `{code}` here.", advice, f"Known: {allowed}."))
    )
