"""A search request as a value: the predicate, the page asked for, and what was really applied.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from fhir_service.errors import Invalid, Issue, NotSupported, ServiceError
from fhir_service.search.criteria import Reader, UnknownParameter
from fhir_service.search.definitions import SearchParameter, SearchParameters
from fhir_service.search.includes import INCLUDE_PARAMETERS, Include, read_include
from fhir_service.search.paging import Cursor, decode_cursor
from fhir_service.search.param_types import Context
from fhir_service.search.predicates import Key, Predicate, all_of, listed_values
from fhir_service.search.ranges import joined
from fhir_service.search.sorting import SortKey, read_sort
from fhir_service.search.values import split

DEFAULT_COUNT = 20
MAXIMUM_COUNT = 1000

# A query is bounded, so that one request cannot occupy a worker for long.
MAXIMUM_VALUES = 200

# A value set or a code system may stand for many codes, a resource for all that are parts of it. Each is up
# to two parameters of a statement, and the condition that drives a walk stands in it twice; SQLite takes
# 32,766.
MAXIMUM_CODES = 7_000

CURSOR_PARAMETER = "_page"
TOTAL_MODES = ("none", "estimate", "accurate")

# Parameters about the answer, which may be given once.
RESULT_PARAMETERS = ("_count", "_total", "_sort", "_contained", "_containedType", CURSOR_PARAMETER)

# Whether contained resources are searched, and which of the two is answered; the default is first.
CONTAINED = {"_contained": ("false", "true", "both"), "_containedType": ("container", "contained")}


@dataclass(frozen=True)
class Query:
    """`applied` are the pairs that the self link lists, `issues` go into an outcome entry."""

    type_name: str
    predicate: Predicate
    count: int = DEFAULT_COUNT
    cursor: Cursor | None = None
    total: str = "none"
    sort: tuple[SortKey, ...] = ()
    includes: tuple[Include, ...] = ()
    contained: str = "false"
    contained_type: str = "container"
    applied: tuple[tuple[str, str], ...] = ()
    issues: tuple[Issue, ...] = field(default=())


def parse_query(
    pairs: Iterable[tuple[str, str]],
    type_name: str,
    parameters: SearchParameters,
    *,
    strict: bool = True,
    context: Context | None = None,
    types: frozenset[str] | None = None,
    within: Sequence[Predicate] = (),
) -> Query:
    """Read the decoded name and value pairs of a query string or form.

    `types` are the resource types that are served (by default all of the release), `within` are conditions
    that do not come from the pairs, such as a compartment. Raises Invalid for a bad value and NotSupported
    for a parameter or modifier that is not known; with `strict` off an unknown parameter is left out, and
    said in `issues`.
    """
    reader = Reader(parameters, context or Context(), types or parameters.release.resource_types)
    result: dict[str, str] = {}
    predicates: list[Predicate] = [*within]
    includes: list[Include] = []
    applied: list[tuple[str, str]] = []
    issues: list[Issue] = []
    values = 0
    for name, text in pairs:
        code = name.partition(":")[0].partition(".")[0]
        try:
            if name in RESULT_PARAMETERS:
                if name in result:
                    raise Invalid(f"Parameter `{name}` was given twice")
                result[name] = text
                continue
            if code in INCLUDE_PARAMETERS:
                includes.extend(read_include(name, text, type_name, reader))
            else:
                values += len(split(text, ","))
                if values > MAXIMUM_VALUES:
                    raise NotSupported(
                        f"A search takes at most {MAXIMUM_VALUES} values in all", issue_code="too-costly"
                    )
                predicates.append(reader.criterion(name, text, type_name))
        except UnknownParameter as unknown:
            if strict:
                raise _at(unknown, code) from None
            remark = f"{unknown} It was ignored."
            issues.append(Issue("warning", "not-supported", remark, (f"http.{code}",)))
            continue
        except ServiceError as failure:
            raise _at(failure, code) from None
        applied.append((name, text))
        if sum(map(listed_values, predicates)) > 2 * MAXIMUM_CODES:
            raise NotSupported(
                f"`{name}={text}` stands for too many codes or resources: all conditions of a search"
                f" have at most {MAXIMUM_CODES} of them",
                issue_code="too-costly",
                expression=[f"http.{code}"],
            )
    return _query(type_name, predicates, includes, result, applied, issues, reader)


def _query(
    type_name: str,
    predicates: list[Predicate],
    includes: list[Include],
    result: dict[str, str],
    applied: list[tuple[str, str]],
    issues: list[Issue],
    reader: Reader,
) -> Query:
    contained, contained_type = (_one_of(name, result) for name in CONTAINED)
    count = _count(result.get("_count"))
    sort = read_sort(result["_sort"], type_name, reader) if "_sort" in result else ()
    # The links say what was applied: a count that was too high is given as it was cut.
    shown = {**result, "_count": str(count)} if "_count" in result else result
    applied.extend((name, text) for name, text in shown.items() if name != CURSOR_PARAMETER)
    return Query(
        type_name=type_name,
        predicate=all_of(joined(predicates, partial(_parameter_of, reader))),
        count=count,
        cursor=decode_cursor(result[CURSOR_PARAMETER]) if CURSOR_PARAMETER in result else None,
        total=_total(result.get("_total")),
        sort=sort,
        includes=tuple(includes),
        contained=contained,
        contained_type=contained_type,
        applied=tuple(applied),
        issues=tuple(issues),
    )


def _parameter_of(reader: Reader, key: Key) -> SearchParameter | None:
    return reader.parameters.for_type(key[0]).get(key[1])


def _at(failure: ServiceError, code: str) -> ServiceError:
    """The same failure, naming the parameter that it is about."""
    first, *more = failure.issues
    located = type(failure)(
        first.diagnostics, issue_code=first.code, expression=[f"http.{code}"], more=tuple(more)
    )
    return located


def _one_of(name: str, result: Mapping[str, str]) -> str:
    default, *others = CONTAINED[name]
    text = result.get(name, default)
    if text not in (default, *others):
        raise Invalid(
            f"Parameter `{name}` is one of {', '.join(CONTAINED[name])}, not `{text}`",
            expression=[f"http.{name}"],
        )
    return text


def _count(text: str | None) -> int:
    if text is None:
        return DEFAULT_COUNT
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Invalid(
            f"Parameter `_count` takes a whole number from 0 to {MAXIMUM_COUNT}, not `{text}`",
            expression=["http._count"],
        )
    # The specification lets a server give fewer than was asked for.
    return min(int(text), MAXIMUM_COUNT)


def _total(text: str | None) -> str:
    if text is None:
        return "none"
    if text not in TOTAL_MODES:
        raise Invalid(
            f"Parameter `_total` is one of {', '.join(TOTAL_MODES)}, not `{text}`", expression=["http._total"]
        )
    return text
